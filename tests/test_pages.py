from pathlib import Path

import pytest

from tests.pages import blocks

ROOT = Path(__file__).parent.parent
PAGE = """\
# A page

```python
def test_one():
    assert 1 + 1 == 2


def test_two():
    three = 3
    assert three == 2
```

```python alone fails
assert False
```

```text
assert False
```

```python
four = 4
assert four == 5
```
"""


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(text, *options):
        pytester.path.joinpath("page.md").write_text(text, encoding="utf-8")
        return pytester.runpytest_inprocess("-p", "tests.pages", *options)

    return run


def test_each_test_of_each_block_is_one_and_names_page_and_line(run):
    result = run(PAGE, "page.md")

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "E       assert 3 == 2",
            "page.md:10: AssertionError",
            ">   assert four == 5",
            "page.md:23: AssertionError",
            "FAILED page.md::line_4::test_two - assert 3 == 2",
            "FAILED page.md::line_22::test_it_runs - assert 4 == 5",
        ]
    )


def test_a_block_can_be_chosen(run):
    run(PAGE, "page.md::line_4::test_one").assert_outcomes(passed=1)


def test_a_block_that_is_no_python_names_page_and_line(run):
    result = run("```python\nx = 1\ny = = 2\n```\n", "page.md")

    result.stdout.fnmatch_lines(['E     File "*page.md", line 3'])


def test_property_tests_of_a_page_make_few_examples(run):
    result = run(
        "```python\nfrom hypothesis import given, strategies\n\nseen = []\n\n\n"
        "@given(strategies.integers())\ndef test_it(number):\n    seen.append(number)\n\n\n"
        "def test_they_were_few():\n    assert len(seen) <= 2\n```\n",
        "page.md",
    )

    result.assert_outcomes(passed=2)


def test_a_page_without_python_is_none_of_pytests(run):
    result = run("# Words\n\n```text\nx\n```\n")

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_python_that_does_not_run_is_on_made_pages_only():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = {
        page.name for page in pages for each in blocks(page) if each.language in {"py", "pycon"}
    }

    assert shown == {"reference.md"}
