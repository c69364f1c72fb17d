"""The README's Python runs, and so does that of the docs."""

import re
from pathlib import Path
from textwrap import indent

import pytest

ROOT = Path(__file__).parent.parent

# A page's property tests show that they run; 100 examples each are for those who use them, and so
# are the simplest ones of what fails, which take Hypothesis a while.
FEW_EXAMPLES = """
from hypothesis import Phase, settings

phases = [Phase.explicit, Phase.generate]
settings.register_profile("page", max_examples=2, derandomize=True, phases=phases)
settings.load_profile("page")
"""
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


PAGES = [
    page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if blocks(page)
]


def test_every_python_block_of_the_readme_and_the_docs_runs(pytester, monkeypatch):
    """All in one process: flytekit takes over a second to import."""
    pytest.importorskip("flytekit")
    pytester.makeconftest(FEW_EXAMPLES)
    for page in PAGES:
        for number, block in enumerate(blocks(page), 1):
            name = f"test_{page.stem.lower().replace('-', '_')}_{number}"
            tests = re.findall(r"^(?:def|class) (?:test_|Test)", block, re.MULTILINE)
            source = block if tests else "def test_it_runs():\n" + indent(block, "    ")
            pytester.makepyfile(**{name: source})
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins take half a second

    result = pytester.runpytest_subprocess("-p", "flyte_testkit.plugin")

    assert result.ret == 0, result.stdout.str()


def test_the_first_test_of_the_readme_has_six_lines():
    first = blocks(ROOT / "README.md")[0]
    body = first[first.index("def test_") :].strip().splitlines()

    assert len(body) == 6


def test_the_readme_gives_exactly_two_commands_for_a_fresh_machine():
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert len(re.findall(r"^pip install .*$", text, re.MULTILINE)) == 2
