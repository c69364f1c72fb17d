from __future__ import annotations

import pytest

from flyte_testkit.admin.go.quotes import quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é", '"plain é"'),
        ('a "b" \\', r'"a \"b\" \\"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\0\x7f", r'"\x00\x7f"'),
        ("\u00a0\u200b", r'"\u00a0\u200b"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("\udcc3", r'"\xc3"'),
    ],
)
def test_a_text_is_quoted_as_go_quotes_it(text, shown):
    assert quoted(text) == shown
