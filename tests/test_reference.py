import re
import runpy
from importlib import import_module
from pathlib import Path

import pytest

from tests.test_exports import PUBLIC

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def maker():
    return runpy.run_path(str(DOCS / "make_reference.py"))


def test_the_reference_page_is_up_to_date(maker):
    due = maker["page"]()

    assert (DOCS / "reference.md").read_text("utf-8") == due, "run: python docs/make_reference.py"


@pytest.mark.parametrize("door", PUBLIC)
def test_every_public_name_has_a_heading(maker, door):
    page = (DOCS / "reference.md").read_text("utf-8")
    section = re.search(rf"^## {re.escape(door)}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    told = set(re.findall(r"^### (\w+)$", section[1], re.MULTILINE))

    assert told == set(import_module(door).__all__) - maker["HOUSE"].get(door, set())


def test_what_classes_have_for_the_house_is_not_told(maker):
    classes = {one.name: one.value for one in maker["public"]() if isinstance(one.value, type)}
    for name, inner in maker["INNER"].items():
        if name in classes:
            members = set(maker["_names"](classes[name]))
            assert members.isdisjoint(inner.split())
            assert [one for one in inner.split() if not hasattr(classes[name], one)] == []
    page = (DOCS / "reference.md").read_text("utf-8")
    assert re.search(r"\*\*`(glances|met|strangers|promises|word)\b", page) is None
    assert "§" not in page


def test_each_fixture_has_a_heading():
    plugin = (DOCS.parent / "flyte_testkit" / "plugin.py").read_text("utf-8")
    fixtures = re.findall(r"^@pytest\.fixture.*\ndef (\w+)", plugin, re.MULTILINE)
    page = (DOCS / "reference.md").read_text("utf-8")

    assert len(fixtures) > 5
    assert [name for name in fixtures if f"### {name}\n" not in page] == []


@pytest.mark.parametrize("suite", ["WaitingLaws", "LaunchingLaws"])
def test_the_page_of_laws_has_a_row_for_each(suite):
    laws = vars(import_module("flyte_testkit.laws"))[suite]
    heading = {"WaitingLaws": "of waiting", "LaunchingLaws": "of launching"}[suite]
    page = (DOCS / "laws.md").read_text("utf-8").partition(f"## What each law {heading} demands")[2]
    rows = re.findall(r"^\| ([\w ]+) \|", page.partition("\n## ")[0], re.MULTILINE)

    due = {name.removeprefix("test_") for name in dir(laws) if name.startswith("test_")}
    assert {row.lower().replace(" ", "_") for row in rows} - {"law"} == due
