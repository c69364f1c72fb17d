import pytest

from flyte_testkit import queued, render, running
from flyte_testkit.server import FakeFlyteAdmin


@pytest.fixture
def admin():
    with FakeFlyteAdmin(strict=False) as admin:
        yield admin


def picture(admin):
    return render.text(admin).splitlines()


def test_a_life_is_drawn_to_scale(admin):
    admin.add_execution("train", queued(300).running(600).succeeds())
    admin.clock.advance(900)

    assert picture(admin)[:3] == [
        "train  QUEUED ············ RUNNING ························ SUCCEEDED",
        "       0 s                 300 s                            900 s",
        "       queued(300).running(600).succeeds()",
    ]


def test_what_goes_on_is_left_open(admin):
    admin.add_execution("train", running(600).succeeds())
    admin.clock.advance(60)

    assert picture(admin)[0] == "train  RUNNING ···"


def test_an_abort_names_its_cause_and_who_did_it(admin):
    admin.add_execution("train", running(600).succeeds())
    admin.terminate("train", "too dear", principal="ann")

    assert "       aborted by ann: too dear" in picture(admin)


def test_calls_are_counted_by_execution(admin):
    from flyteidl.admin import version_pb2
    from flyteidl.service import admin_pb2_grpc

    with admin.channel() as channel:
        admin_pb2_grpc.AdminServiceStub(channel).GetVersion(version_pb2.GetVersionRequest())

    assert picture(admin) == ["other calls: GetVersion ×1; the last at 0 s"]


def test_names_that_were_looked_up_in_vain_may_help(admin):
    from flyteidl.admin import common_pb2
    from flyteidl.service import admin_pb2_grpc

    admin.register("nightly")
    request = common_pb2.ResourceListRequest(limit=1)
    request.id.project, request.id.domain, request.id.name = "flytesnacks", "development", "nightyl"
    with admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        for name in ("nightyl", "nightly"):
            request.id.name = name
            stub.ListLaunchPlans(request)

    (hint,) = render.hints(admin)
    assert hint == (
        "ListLaunchPlans looked for 'nightyl', which is not registered. Did you mean 'nightly'?\n"
        "Register it with register('nightyl'), or script it with on_launch('nightyl')."
    )
