from __future__ import annotations

import pytest
from builders import NOW, integer, literals
from flyteidl.core.execution_pb2 import ExecutionError
from flyteidl.service import dataproxy_pb2
from run_builders import Runs, refusal

from flyte_testkit.admin.data.data_by_url import DataByUrl
from flyte_testkit.admin.data.data_proxy import DataProxy
from flyte_testkit.admin.database.objects import BUCKET, Place, write
from flyte_testkit.admin.executions.random_names import Chance

N0 = "flyte://v1/p/development/e1/n0"
NODE = 'node_id:"n0" execution_id:{project:"p" domain:"development" name:"e1"}'
NODE_FIELD = f"node_execution_id:{{{NODE}}}"


class Signer:
    def signed_url(self, verb, where, **_):
        return f"{verb} {where.key}"


@pytest.fixture
def runs(make, store):
    make.execution("e1")
    return Runs(store)


@pytest.fixture
def get(store, runs):
    proxy = DataProxy(store, nodes=runs.nodes, chance=Chance(0))
    proxy.signer = Signer()
    data = DataByUrl(nodes=runs.nodes, task_executions=runs.tasks, data_proxy=proxy)
    return lambda url: data.get_data(dataproxy_pb2.GetDataRequest(flyte_url=url), NOW)


@pytest.fixture
def done(runs):
    """A node with two attempts, the first of which failed."""
    runs.node("RUNNING", 10, input_data=literals(x=1))
    runs.task("RUNNING", 11, input_data=literals(x=3))
    runs.task("FAILED", 12, error=ExecutionError(code="X"))
    runs.task("RUNNING", 13, input_data=literals(x=30), retry_attempt=1)
    runs.task("SUCCEEDED", 14, output_data=literals(y=4), retry_attempt=1)
    runs.node("SUCCEEDED", 15, output_data=literals(y=5))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("i", {"x": 1}),
        ("o", {"y": 5}),
        ("0/i", {"x": 3}),
        ("0/o", {}),
        ("1/i", {"x": 30}),
        ("1/o", {"y": 4}),
        ("01/o", {"y": 4}),
        ("4294967297/o", {"y": 4}),
    ],
)
def test_inputs_and_outputs_come_as_a_map(done, get, path, expected):
    reply = get(f"{N0}/{path}")

    assert reply.WhichOneof("data") == "literal_map"
    assert reply.literal_map == literals(**expected)


@pytest.mark.parametrize(("path", "expected"), [("o/y", 5), ("1/o/y", 4), ("0/i/x", 3)])
def test_one_literal_comes_alone(done, get, path, expected):
    assert get(f"{N0}/{path}").literal == integer(expected)


def test_a_deck_comes_as_a_link(runs, store, get):
    write(store, Place(BUCKET, "deck.html"), b"<html>")
    runs.node("RUNNING", 10, deck_uri=f"s3://{BUCKET}/deck.html")

    assert list(get(f"{N0}/d").pre_signed_urls.signed_url) == ["GET deck.html"]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "source is required. Provided empty string"),
        ("s3://b/k", "request does not start with the correct prefix"),
        ("FLYTE://v1/p/d/e/n/i", "request does not start with the correct prefix"),
    ],
)
def test_what_is_no_flyte_url_is_refused(get, url, complaint):
    assert refusal(get, url) == (
        "INVALID_ARGUMENT",
        f"failed to validate resolve artifact request. Error: {complaint}",
    )


@pytest.mark.parametrize("path", ["i", "o", "d", "o/y"])
def test_an_unknown_node_is_not_found(get, path):
    assert refusal(get, f"{N0}/{path}") == (
        "NOT_FOUND",
        f"missing entity of type node execution with identifier {NODE}",
    )


def test_an_unknown_literal_of_a_node_is_an_invalid_argument(done, get):
    assert refusal(get, f"{N0}/o/z") == (
        "INVALID_ARGUMENT",
        f"name [z] not found in node execution [{NODE}]",
    )


def test_an_unknown_literal_of_an_attempt_is_an_invalid_argument(done, get):
    assert refusal(get, f"{N0}/1/o/x") == (
        "INVALID_ARGUMENT",
        (
            "name [x] not found in task execution [task_id:{resource_type:TASK "
            'project:"p" domain:"development" name:"t" version:"v1"} '
            f"{NODE_FIELD} retry_attempt:1]"
        ),
    )


@pytest.mark.parametrize("kind", ["i", "o/y", "d"])
def test_an_unknown_attempt_is_an_invalid_argument(done, get, kind):
    assert refusal(get, f"{N0}/9/{kind}") == (
        "INVALID_ARGUMENT",
        f"no task executions were listed [{NODE_FIELD} retry_attempt:9]. Error: <nil>",
    )


def test_the_first_attempt_of_nothing_prints_without_its_number(get):
    assert refusal(get, f"{N0}/0/i")[1] == (
        f"no task executions were listed [{NODE_FIELD}]. Error: <nil>"
    )


def test_an_attempt_has_no_deck(done, get):
    assert refusal(get, f"{N0}/0/d") == (
        "INVALID_ARGUMENT",
        "deck type cannot be specified with a retry attempt, just use the node instead",
    )
