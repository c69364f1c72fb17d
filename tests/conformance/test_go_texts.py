"""Values are read from the texts of errors."""

from __future__ import annotations

import go_texts
import pytest


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[]", []),
        ("map[]", {}),
        ("[1 2.5 true x <nil>]", [1, 2.5, True, "x", None]),
        ("map[a:1 b:[x y] c:map[d:2]]", {"a": 1, "b": ["x", "y"], "c": {"d": 2}}),
        ("[scalar:{primitive:{integer:7}}  scalar:{primitive:{integer:8}}]", [7, 8]),
        (
            '[map:{literals:{key:"b" value:{scalar:{primitive:{string_value:"}\\""}}}}}]',
            [{"b": '}"'}],
        ),
        ("map[a:scalar:{primitive:{boolean:true}} b:collection:{}]", {"a": True, "b": []}),
    ],
)
def test_values_are_read(text, value):
    assert go_texts.read(text) == value


@pytest.mark.parametrize("text", ["[1", "map[a", "[] []", "[scalar:{nothing:{}}]", "[scalar:{"])
def test_what_is_no_value_is_refused(text):
    with pytest.raises(ValueError, match=r"no literal|goes on|does not end|no key"):
        go_texts.read(text)
