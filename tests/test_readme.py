"""What the README promises, besides that its Python runs: ``tests/pages.py`` sees to that."""

import re
from pathlib import Path

from tests.pages import snippets

README = Path(__file__).parent.parent / "README.md"


def test_the_first_test_of_the_readme_has_six_lines():
    first = snippets(README)[0].source
    body = first[first.index("def test_") :].strip().splitlines()

    assert len(body) == 6


def test_the_first_test_is_seen_within_ten_lines():
    assert snippets(README)[0].line <= 10


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) < 130


def test_the_readme_gives_exactly_two_commands_for_a_fresh_machine():
    text = README.read_text(encoding="utf-8")

    assert len(re.findall(r"^pip install .*$", text, re.MULTILINE)) == 2
