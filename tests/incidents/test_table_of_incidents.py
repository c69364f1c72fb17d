"""The page of incidents and the tests that play them say the same."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "incidents.md"

ROWS = re.findall(r"^\| ([BCE]?\d+) \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
EXPECTED = [
    *(f"B{number}" for number in range(1, 19) if number != 13),
    *("C8", "C11", "C13", "C14", "C17", "E5", "E6"),
    *(f"{number}" for number in range(1, 39) if number not in {35, 36, 38}),
]


def _told():
    return [test for _, rest in ROWS for test in re.findall(r"`([^\s`]+::test_\w+)`", rest)]


def _there():
    for path in sorted(HERE.glob("test_*.py")):
        if path != Path(__file__):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield f"{path.relative_to(ROOT).as_posix()}::{node.name}"


def test_each_incident_has_a_row_and_each_row_a_test():
    assert [label for label, _ in ROWS] == EXPECTED
    assert all("::test_" in rest for _, rest in ROWS)


def test_the_tests_of_the_page_are_those_that_are_there():
    there = list(_there())

    assert sorted(set(_told())) == sorted(there)
    assert len(set(there)) == len(there)


def test_rows_of_a_table_have_as_many_cells_as_its_head():
    for label, rest in ROWS:
        assert len(re.findall(r"(?<!\\)\|", rest)) == 3, label
