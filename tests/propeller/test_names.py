from __future__ import annotations

from flyte_testkit.propeller.names import child_name, node_id, pod_name, shortened


def test_long_names_are_shortened_as_an_engine_shortens_them():
    assert shortened("n0-0-n0-n1-0-n0-n1-n0", bits=32) == "fooud2ba"
    assert shortened("n0-0-dn0-0-start-node", bits=32) == "ffuqhjya"
    assert shortened("awv5fd9z7xzkdbh9lhz4-n0-0", bits=64) == "fpqbboqz63fybm"


def test_twenty_characters_are_short_enough():
    assert shortened("n0-0-n0-0-start-node", bits=32) == "n0-0-n0-0-start-node"


def test_a_node_is_named_after_its_parent_and_the_attempt():
    assert node_id("n0", 1, "n2") == "n0-1-n2"
    assert node_id("n0-0-n0-n1", 0, "n0-n1-n0") == "fooud2ba"


def test_pods_keep_their_long_names_and_children_do_not():
    execution = "awv5fd9z7xzkdbh9lhz4"

    assert pod_name(execution, "n0", 0) == f"{execution}-n0-0"
    assert child_name(execution, "n0", 0) == "fpqbboqz63fybm"
