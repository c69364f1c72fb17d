import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_rpcs_is_up_to_date():
    due = runpy.run_path(str(DOCS / "make_coverage.py"))["page"]()

    assert (DOCS / "coverage.md").read_text("utf-8") == due, "run: python docs/make_coverage.py"
