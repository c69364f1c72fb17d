"""Outputs of dynamic tasks that are made up, promised by what they yield, of registered things."""

import pytest

from flyte_testkit import nodes, running
from flyte_testkit.errors import FlyteTestkitError

pytestmark = pytest.mark.flyte(transport="direct")

TRAIN = nodes.launch_plan(of="training")
FIT = nodes.task(running(5).succeeds(auc=0.5), of="fit")


@pytest.fixture(autouse=True)
def _registered(flyte_admin):
    flyte_admin.register("training", outputs={"auc": float})
    flyte_admin.on_launch("training", strict=False).always_plays(running(60).succeeds(auc=0.9))
    flyte_admin.register("fit", inputs={"rows": int}, outputs={"auc": float})


def tree(yielded, **outputs):
    return nodes.workflow(
        tune=nodes.dynamic(running(20).yields(yielded).succeeds(outputs)),
        report=nodes.task(inputs={"auc": nodes.promise("tune.auc")}),
    )


def run(client, name="etl"):
    return client.execute(client.fetch_launch_plan(name=name), inputs={}, wait=True)


AUC = nodes.promise("x.auc")


@pytest.mark.parametrize(
    ("yielded", "promised", "given"),
    [
        ({"x": TRAIN}, AUC, 0.9),
        ({"x": FIT}, AUC, 0.5),
        ({"x": nodes.subworkflow(y=TRAIN)}, AUC, 0.9),
        ({"x": nodes.branch(y=TRAIN)}, AUC, 0.9),
        ({"x": nodes.branch(y=FIT)}, AUC, 0.5),
        ({"x": TRAIN, "y": FIT}, [AUC, nodes.promise("y.auc")], [0.9, 0.5]),
        ({"x": TRAIN}, {"a": AUC}, {"a": 0.9}),
        ({"x": nodes.array(running(5).succeeds(auc=0.5), of="fit", size=2)}, AUC, [0.5, 0.5]),
        (
            {"x": nodes.dynamic(running(5).yields(y=TRAIN).succeeds(auc=nodes.promise("y.auc")))},
            AUC,
            0.9,
        ),
    ],
)
def test_they_have_the_types_of_what_is_promised(
    flyte_admin, flyte_client, yielded, promised, given
):
    route = flyte_admin.on_launch("etl").plays(tree(yielded, auc=promised))

    execution = run(flyte_client)

    assert execution.error is None
    (launch,) = route.launches
    assert launch.nodes["tune"].outputs == {"auc": given}
    assert launch.nodes["report"].inputs == {"auc": given}


def test_scripts_of_one_name_agree_about_them(flyte_admin, flyte_client):
    many = nodes.workflow(
        tune=nodes.dynamic(running(20).yields(x=TRAIN).succeeds(auc=AUC)),
    )
    said = nodes.workflow(tune=nodes.task(running(20).succeeds(auc=0.1)))
    route = flyte_admin.on_launch("etl").plays(many, said, nodes.where(tune=many.nodes["tune"]))

    assert [run(flyte_client).outputs["auc"] for _ in range(3)] == [0.9, 0.1, 0.9]
    assert len(route.launches) == 3


def test_what_the_child_does_may_be_said_in_place(flyte_admin, flyte_client):
    train = nodes.launch_plan(running(60).succeeds(auc=0.7), of="other")
    flyte_admin.on_launch("etl").plays(tree({"x": train}, auc=AUC))

    assert run(flyte_client).error is None


def test_what_is_not_given_is_told(flyte_admin):
    with pytest.raises(FlyteTestkitError, match="'acu'"):
        flyte_admin.on_launch("etl").plays(tree({"x": TRAIN}, auc=nodes.promise("x.acu")))
    with pytest.raises(FlyteTestkitError, match="'nobody', which is neither registered nor"):
        flyte_admin.on_launch("etl").plays(tree({"x": nodes.launch_plan(of="nobody")}, auc=AUC))
    with pytest.raises(FlyteTestkitError, match="of='nobody', but no task of this name"):
        flyte_admin.on_launch("etl").plays(tree({"x": nodes.task(of="nobody")}, auc=AUC))
