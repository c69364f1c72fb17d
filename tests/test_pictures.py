"""Blocks of the pages that want a pytest of their own: what they show is what one would see.

``python alone --flyte-session`` runs with these options. ``python alone fails`` fails, and prints
the text that stands in the next block, where ``…`` is anything; a line of ``…`` is any lines.
"""

from itertools import zip_longest
from pathlib import Path

import pytest

from flyte_testkit import fake_flyte
from tests.pages import FLYTEKIT, blocks

ROOT = Path(__file__).parent.parent


def pictures():
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        every = blocks(page)
        for block, following in zip_longest(every, every[1:]):
            if block.alone:
                told = f"{page.relative_to(ROOT)}:{block.line}"
                yield pytest.param(block, following, id=told)


@pytest.fixture(scope="module", autouse=True)
def _imported():
    """What an inner run imports is taken back, and much of it has one life."""
    with fake_flyte():
        pass


@pytest.mark.parametrize(("block", "shown"), list(pictures()))
def test_a_block_does_by_itself_what_its_page_says(block, shown, pytester, monkeypatch):
    if FLYTEKIT.search(block.source):
        pytest.importorskip("flytekit.remote")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_it=block.source)
    options = [each for each in block.options[1:] if each != "fails"]
    fails = "fails" in block.options

    result = pytester.runpytest_inprocess(
        "-p", "flyte_testkit.plugin", "--flyte-transport=direct", *options
    )

    assert result.ret == (pytest.ExitCode.TESTS_FAILED if fails else pytest.ExitCode.OK)
    if fails:
        result.stdout.fnmatch_lines([pattern(line) for line in shown.source.splitlines() if line])


def pattern(line):
    """A line of a picture, in which ``…`` may be anything, and no other letter is."""
    return "".join(
        "*" if letter == "…" else f"[{letter}]" if letter in "*?[" else letter for letter in line
    )
