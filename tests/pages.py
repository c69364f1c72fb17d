"""Every block of Python in a page is a test module of its own, whose lines are those of the page.

A plugin of pytest: ``pytest docs/waits.md`` runs a page. A block that has tests is collected as a
test module is; any other runs from top to bottom, as one test. Blocks are compiled under the name
of their page, with as many empty lines before them as stand there, so that a failure names page and
line: ``docs/waits.md:42``. A block that begins with ``python alone`` wants a pytest of its own, as
one that is there to be seen failing: ``tests/test_pictures.py`` runs it. Ignorant of what the pages
say.
"""

import ast
import linecache
import re
import sys
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

import pytest
from _pytest.assertion.rewrite import rewrite_asserts
from hypothesis import Phase, settings

FENCE = re.compile(
    r"^```(?P<language>\w+)(?P<told>[^\n]*)\n(?P<source>.*?)^```", re.DOTALL | re.MULTILINE
)
TESTS = re.compile(r"^(?:async def|def|class) (?:test_|Test)|^Test\w+ = ", re.MULTILINE)
FLYTEKIT = re.compile(r"flytekit|flyte_remote|\.remote\(|laws\.(?:Waiting|Launching)Laws")

# A page's property tests show that they run; 100 examples each are for those who use them, and so
# are the simplest ones of what fails, which take Hypothesis a while.
settings.register_profile(
    "page", max_examples=2, derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate]
)


@contextmanager
def few_examples():
    before = settings._current_profile
    settings.load_profile("page")
    try:
        yield
    finally:
        settings.load_profile(before)


class Snippet:
    """What stands between two fences.

    Attributes:
        line: The line of the page at which it begins.
        source: Its text, without the fences.
        language: What it is written in.
        alone: Whether it wants a pytest of its own.
        options: What that is told.
    """

    def __init__(self, text, match):
        self.line = text.count("\n", 0, match.start("source")) + 1
        self.source = match["source"]
        self.language = match["language"]
        self.options = match["told"].split()
        self.alone = self.options[:1] == ["alone"]

    def compiled(self, path, config=None):
        """The code, at its place in the page, with assertions that tell values as pytest's do."""
        source = "\n" * (self.line - 1) + self.source
        tree = ast.parse(source, str(path))
        if config is not None:
            rewrite_asserts(tree, source.encode(), str(path), config)
        return compile(tree, str(path), "exec", dont_inherit=True)


def blocks(path):
    """All blocks of a page, in order."""
    text = path.read_text(encoding="utf-8")
    return [Snippet(text, match) for match in FENCE.finditer(text)]


def snippets(path):
    """Those that run as tests of the page."""
    return [each for each in blocks(path) if each.language == "python" and not each.alone]


def lines_of_code(path):
    """The lines of a page, as far as they are Python; the others are empty."""
    lines = [""] * path.read_text(encoding="utf-8").count("\n")
    for each in snippets(path):
        code = each.source.splitlines()
        lines[each.line - 1 : each.line - 1 + len(code)] = code
    return [f"{line}\n" for line in lines]


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".md" and snippets(file_path):
        return Page.from_parent(parent, path=file_path)
    return None


class Page(pytest.File):
    """A page, whose property tests make few examples."""

    def collect(self):
        lines = lines_of_code(self.path)  # pytest and Hypothesis show and parse them
        linecache.cache[str(self.path)] = (sum(map(len, lines)), None, lines, str(self.path))
        for snippet in snippets(self.path):
            told = {"path": self.path, "name": f"line_{snippet.line}", "snippet": snippet}
            yield Block.from_parent(self, nodeid=f"{self.nodeid}::{told['name']}", **told)

    def setup(self):
        self._settings = few_examples()
        self._settings.__enter__()

    def teardown(self):
        self._settings.__exit__(None, None, None)


class Block(pytest.Module):
    """A block of a page, as the test module that a reader would make of it."""

    def __init__(self, *, snippet, **told):
        super().__init__(**told)
        self.snippet = snippet

    def _getobj(self):
        if FLYTEKIT.search(self.snippet.source) and find_spec("flytekit") is None:
            pytest.skip("flytekit is optional", allow_module_level=True)
        module = ModuleType(re.sub(r"\W+", "_", f"page_{self.nodeid}"))
        module.__file__ = str(self.path)
        code = self.snippet.compiled(self.path, self.config)
        sys.modules[module.__name__] = module
        if TESTS.search(self.snippet.source):
            with few_examples(), warnings.catch_warnings():  # a property takes settings when made
                warnings.simplefilter("ignore")  # what a reader imports may be deprecated
                exec(code, vars(module))  # noqa: S102  a page is a test
        else:
            module.test_it_runs = lambda: exec(code, vars(module))  # noqa: S102  likewise
        return module

    def teardown(self):
        """Forget the module: each world looks through all that there are."""
        sys.modules.pop(self.obj.__name__, None)
