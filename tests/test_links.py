"""Every link of the pages leads to something that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HERE = "https://github.com/flyte-testkit/flyte-testkit/"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
KINDS = sorted((ROOT / "docs" / "nodes").glob("*.md"))
A_SCREEN = 70
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page):
    return re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )


def anchors(page):
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page):
    return LINK.findall(prose(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_page_and_a_heading_of_it(page):
    lost = []
    for link in links(page):
        inside = re.sub(rf"^{HERE}(?:blob|tree)/main/", "", link)
        if inside.startswith("http"):
            continue
        place, _, anchor = inside.partition("#")
        base = ROOT if inside != link else page.parent
        target = base / place if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)

    assert lost == []


def test_the_readme_renders_on_a_package_index():
    """Where no file of the project lies beside it."""
    assert [link for link in links(ROOT / "README.md") if not link.startswith("https://")] == []


def test_the_index_names_every_page():
    named = {link.partition("#")[0] for link in links(ROOT / "docs" / "index.md")}

    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"} <= named


def test_the_page_on_nodes_names_a_page_for_each_kind():
    named = {link.partition("#")[0] for link in links(ROOT / "docs" / "nodes.md")}

    assert {f"nodes/{page.name}" for page in KINDS} <= named


@pytest.mark.parametrize("page", KINDS, ids=lambda page: page.name)
def test_the_page_of_a_kind_fits_a_screen_and_tells_the_trap(page):
    text = page.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= A_SCREEN
    assert "\n**The trap:** " in text
    assert "what a client sees" in text


def test_the_project_is_where_its_metadata_say():
    metadata = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert f'Homepage = "{HERE.removesuffix("/")}"' in metadata
    assert len(set(re.findall(r'"(https://github[^"]+)"', metadata))) >= 4
