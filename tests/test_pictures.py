"""Blocks of the pages that want a pytest of their own: what they show is what one would see.

``python alone --flyte-session`` runs with these options. ``python alone fails`` fails, and prints
the text that stands in the next block, where ``…`` is anything; a line of ``…`` is any lines.
"""

import shlex
from itertools import zip_longest
from pathlib import Path

import pytest

from flyte_testkit import fake_flyte
from flyte_testkit.cli import main
from tests.pages import FLYTEKIT, blocks

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def pictures():
    for page in PAGES:
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


COMMANDS = [
    pytest.param(line, id=f"{page.name}: {line.split()[1]}")
    for page in PAGES
    for block in blocks(page)
    if block.language == "console"
    for line in block.source.splitlines()
    if line.startswith("flyte-testkit ")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_a_page_is_understood(command, monkeypatch):
    served = []
    monkeypatch.setattr("flyte_testkit.serving.serve", lambda *_, **told: served.append(told))

    assert main(shlex.split(command)[1:]) == 0
    assert served


def pattern(line):
    """A line of a picture, in which ``…`` may be anything, and no other letter is."""
    return "".join(
        "*" if letter == "…" else f"[{letter}]" if letter in "*?[" else letter for letter in line
    )
