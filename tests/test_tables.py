"""The pages of what was tried say what is run: no row is missing, and none is dead."""

import ast
import re
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
HEAD = "# A page\n\n| | version | result |\n|-|-|-|\n"


@pytest.fixture(scope="module")
def tables():
    """The script, as a module."""
    loader = SourceFileLoader("tables", str(ROOT / ".ci" / "tables"))
    module = ModuleType("tables")
    module.__file__ = loader.path
    exec(compile(loader.get_data(loader.path), loader.path, "exec"), vars(module))  # noqa: S102
    return module


@pytest.fixture
def page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(HEAD)
    return page


def rows(tables, name):
    lines = (ROOT / "docs" / name).read_text(encoding="utf-8").splitlines()
    begin, end = tables.table_of(lines)
    return [tables.cells_of(line) for line in lines[begin:end]]


def distribution(name):
    return name.lower().replace("_", "-")


def test_every_file_has_a_row_with_its_docstring_and_every_row_a_file(tables):
    tried = {tables.name_of(path): path for path in tables.TRIED.rglob("test_*.py")}
    known = {
        name: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        for name, path in tried.items()
    }

    told = {distribution(row[0]): row[-1] for row in rows(tables, "plugins.md")}

    assert told == known


def test_no_row_tells_a_failure(tables):
    assert all(re.fullmatch(r"\d+ passed", row[-2]) for row in rows(tables, "plugins.md"))
    assert not [row for row in rows(tables, "versions.md") if "failed" in row[-2]]


def test_all_that_is_tried_is_installed_or_tried_by_hand(tables):
    text = (tables.TRIED / "requirements.txt").read_text(encoding="utf-8")
    wanted = {distribution(line) for line in re.findall(r"^[\w-]+", text, re.MULTILINE)}
    beside = {name for names in tables.BESIDE.values() for name in names}
    tried = {tables.name_of(path) for path in tables.TRIED.rglob("test_*.py")}

    assert wanted == (tried | beside) - set(tables.BY_HAND)


def test_all_pythons_that_are_promised_have_a_row(tables):
    promised = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', pyproject())

    assert {row[0] for row in rows(tables, "versions.md")} == set(promised)


def test_the_lowest_versions_are_those_that_are_declared(tables):
    low = [row for row in rows(tables, "versions.md") if row[1] == "lowest of all"]

    assert low
    for row in low:
        versions = dict(zip(tables.DECLARED, row[3:], strict=False))
        assert tables.kind(versions) == "lowest of all"


def test_the_lowest_versions_declared_are_read_from_the_project(tables):
    low = tables.lowest()

    assert {"pytest", "grpcio", "grpcio-status", "flyteidl", "freezegun", "flytekit"} < set(low)
    assert all(f'"{name}>={bound}' in pyproject() for name, bound in low.items())


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        ({}, "lowest of all"),
        ({"grpcio": "99"}, "lowest flytekit"),
        ({"flytekit": "99"}, "newest"),
        ({"flytekit": "none", "pytest": "99"}, "newest"),
    ],
    ids=str,
)
def test_an_environment_is_of_a_kind(tables, raised, kind):
    assert tables.kind(tables.lowest() | raised) == kind


@pytest.mark.parametrize(
    ("version", "bound", "same"),
    [("8.0.0", "8", True), ("8.0.2", "8", False), ("80", "8", False), ("1.60.0", "1.60", True)],
)
def test_a_version_is_a_bound(tables, version, bound, same):
    assert tables.is_at(version, bound) is same


def test_a_row_takes_the_place_of_its_older_self_and_leaves_the_others(tables, page):
    tables.write(page, [["redis", "1", "failed"], ["3.10", "1", "x"]], keys=1)
    tables.write(page, [["redis", "2", "3 passed"], ["3.9", "1", "x"]], keys=1)

    assert page.read_text() == (
        f"{HEAD}| 3.9 | 1 | x |\n| 3.10 | 1 | x |\n| redis | 2 | 3 passed |\n"
    )


def test_what_stands_below_a_table_stays(tables, page):
    page.write_text(HEAD + "\nBelow.\n")

    tables.write(page, [["redis", "1", "x"]], keys=1)

    assert page.read_text() == f"{HEAD}| redis | 1 | x |\n\nBelow.\n"


def test_a_name_that_is_not_tried_is_told_which_are(tables):
    with pytest.raises(SystemExit, match=r"there are anyio, .*, tenacity"):
        tables.tried(["nonsense"])


def test_a_result_is_what_pytest_says_last(tables):
    output = "...\n1 failed, 2 passed, 3 rerun in 7.25s\n"

    assert tables.result(output, 0) == "1 failed, 2 passed"
    assert tables.result(output, 1) == "failed, 1 failed, 2 passed"
    assert tables.result("no such option\n", 4) == "failed"


def pyproject():
    return (ROOT / "pyproject.toml").read_text(encoding="utf-8")
