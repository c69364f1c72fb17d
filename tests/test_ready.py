"""A stub that is made once and dated is what FlyteAdmin makes of it each time."""

from datetime import datetime, timezone

import pytest
from flyteidl.admin import project_pb2

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.errors import RegistrationError
from flyte_testkit.guesses import Guess
from flyte_testkit.ready import put, put_project
from flyte_testkit.stubs import Stub

NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)
LATER = NOON.replace(hour=13)
PLACE = ("flytesnacks", "development")


def stub(name="nightly", version="v1", place=PLACE, **outputs):
    guess = Guess().with_inputs(name, {"day": "monday", "n": None}).with_outputs(name, outputs)
    return Stub.guessed(place, name, version, guess)


def plain(name="nightly", place=PLACE, **kinds):
    return Stub.declared(place, name, "v1", {}, kinds)


def admin(*projects):
    made = FlyteAdmin()
    for name in (PLACE[0], *projects):
        request = project_pb2.ProjectRegisterRequest()
        request.project.id = request.project.name = name
        made.answer("RegisterProject", request, NOON)
    return made


def registered(one, now, *projects):
    made = admin(*projects)
    one.register(lambda rpc, request: made.answer(rpc, request, now))
    return made.store


def rows(store):
    return {name: list(table) for name, table in vars(store).items() if name != "blobs"}


@pytest.mark.parametrize(
    ("one", "projects"),
    [
        (plain(), ()),
        (plain(auc=float), ()),
        (stub(), ()),
        (stub(auc=0.91, rows=[1, None]), ()),
        (stub(version="v7"), ()),
        (stub(place=("flytesnacks", "production")), ()),
        (stub(place=("mine", "development")), ("mine",)),
        (stub(name="a.b.c"), ()),
    ],
)
def test_what_is_put_is_what_is_registered(one, projects):
    for now in (NOON, LATER, NOON):
        made = admin(*projects)
        put(one, made, now)
        assert rows(made.store) == rows(registered(one, now, *projects))


def test_two_servers_share_no_message_and_each_has_its_numbers():
    first, second = admin(), admin()
    put(plain("other"), second, NOON)
    for one in (first, second):
        put(plain(), one, NOON)
    (row,), (_, twin) = first.store.launch_plans, second.store.launch_plans
    assert (row.id, row.workflow_id, twin.id, twin.workflow_id) == (1, 1, 2, 2)
    for table in ("tasks", "workflows", "launch_plans"):
        for row in getattr(first.store, table):
            row.message.Clear()
    third = admin()
    put(plain(), third, NOON)
    assert rows(third.store) == rows(registered(plain(), NOON))


def test_stubs_whose_inputs_stand_in_another_order_are_not_one():
    """The bindings of a compiled workflow stand in the order of the interface."""
    for kinds in ({"a": int, "b": str}, {"b": str, "a": int}):
        made = admin()
        put(plain(**kinds), made, NOON)
        assert rows(made.store) == rows(registered(plain(**kinds), NOON))


def test_what_is_there_already_is_refused_as_ever():
    for before in (plain(), plain(auc=float)):
        texts = []
        for again in (
            lambda made: put(plain(), made, LATER),
            lambda made: plain().register(lambda rpc, r: made.answer(rpc, r, LATER)),
        ):
            made = admin()
            put(before, made, NOON)
            with pytest.raises(RegistrationError) as refused:
                again(made)
            texts.append(str(refused.value))
            assert rows(made.store) == rows(registered(before, NOON))
        assert texts[0] == texts[1]


def test_a_new_version_takes_the_place_of_the_active_one():
    made = admin()
    for version in ("v1", "v2"):
        put(stub(version=version), made, NOON)
    assert [(row.version, row.state) for row in made.store.launch_plans] == [("v1", 0), ("v2", 1)]


@pytest.mark.parametrize("place", [("nobody", "development"), ("flytesnacks", "moon")])
def test_a_place_that_is_not_there_is_refused_though_it_is_somewhere_else(place):
    put(stub(place=("nobody", "development")), admin("nobody"), NOON)
    with pytest.raises(RegistrationError, match="Give it another name or version"):
        put(stub(place=place), admin(), NOON)


def test_a_project_that_is_archived_takes_nothing():
    put(plain(), admin(), NOON)
    made = admin()
    archived = project_pb2.Project(id=PLACE[0], state=project_pb2.Project.ARCHIVED)
    made.answer("UpdateProject", archived, NOON)
    with pytest.raises(RegistrationError, match="flytesnacks"):
        put(plain(), made, NOON)


def test_a_name_that_cannot_be_is_refused_each_time():
    for _ in range(2):
        with pytest.raises(RegistrationError, match=r"register\('', version='v1'\) is refused"):
            put(plain(""), admin(), NOON)


@pytest.mark.parametrize("name", ["mine", "flytesnacks"])
def test_a_project_that_is_put_is_what_is_registered(name):
    request = project_pb2.ProjectRegisterRequest()
    request.project.id = request.project.name = name
    request.project.description = f"{name} description"
    for now in (NOON, LATER):
        put_project(name, made := FlyteAdmin(), now)
        twin = FlyteAdmin()
        twin.answer("RegisterProject", request, now)
        assert rows(made.store) == rows(twin.store)
        (row,) = made.store.projects
        row.message.Clear()


def test_a_project_that_cannot_be_is_refused_each_time():
    for _ in range(2):
        with pytest.raises(AdminError, match="invalid project id"):
            put_project("Not one", FlyteAdmin(), NOON)
