"""The house has floors, and imports point down: a drawing that cannot rot.

The drawing is in ``floors.py``, its outline in ``docs/architecture.md``. Python runs a package's
``__init__`` before any of its modules; that alone counts as no import, for nobody asks it for
anything.
"""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from floors import HOUSE, OUTSIDE, ROOMS, UPWARD

PACKAGE = Path(__file__).parent.parent / "flyte_testkit"
PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"

WHOLE = [line for _, lines in HOUSE for line in lines]
FLOOR_OF = {name: floor for floor, lines in HOUSE for line in lines for name in line.split()}
FLOORS = list(OUTSIDE)
NAME = re.compile(r"`(\w+)/?`")
KNOWN_OUTSIDE = set().union(*OUTSIDE.values()) | {"yaml", "_pytest", "numpy", "pandas"}


class Import(NamedTuple):
    """One import in a source file, with modules as paths: ``("admin", "errors")``."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    late: bool  # within a function
    where: str


class Source(NamedTuple):
    """A package's modules, what they import of each other, and what from outside."""

    modules: set[tuple[str, ...]]
    inside: list[Import]
    outside: list[Import]


def read(package):
    """Read all modules of a package; a package within is known by its ``__init__``."""
    paths = {
        path.relative_to(package).with_suffix("").parts: path for path in package.rglob("*.py")
    }
    source = Source(set(paths), [], [])
    for module, path in sorted(paths.items()):
        for words, late, line in imports(path):
            where = f"{path.relative_to(package.parent)}:{line}"
            if words[0] == package.name:
                found = Import(module, resolved(words[1:], paths), late, where)
                source.inside.append(found)
            else:
                source.outside.append(Import(module, words, late, where))
    return source


def imports(path):
    """Yield what a file imports, wherever in it, as far as a name can reach; whether late."""
    left = [(ast.parse(path.read_text()), False)]
    while left:
        node, late = left.pop()
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, (ast.stmt, ast.Module, ast.ExceptHandler, ast.match_case)):
            late = late or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            left += [(below, late) for below in ast.iter_child_nodes(node)]
            continue
        else:  # an expression imports nothing
            continue
        yield from ((tuple(name.split(".")), late, node.lineno) for name in found)


def resolved(words, modules):
    """Return the module that an import reaches: itself, or whose name it is, or a door."""
    for length in range(len(words), 0, -1):
        for module in (words[:length], (*words[:length], "__init__")):
            if module in modules:
                return module
    return ("__init__",)


def misplaced(source, lines, room=()):
    """Yield what does not stand, in one room, as it is drawn."""
    step = {name: number for number, line in enumerate(lines) for name in line.split()}
    called = "/".join(room) or "the house"
    there = {module[len(room)] for module in source.modules if is_in(module, room)}
    for name in sorted(there - set(step)):
        yield f"{'/'.join((*room, name))} stands on no floor: give it one of {called}"
    for name in sorted(set(step) - there):
        yield f"{name} is drawn in {called}, and is not there"
    for one in source.inside:
        if not (is_in(one.source, room) and is_in(one.target, room)):
            continue
        ours, theirs = one.source[len(room)], one.target[len(room)]
        if ours == theirs or ours not in step or theirs not in step:
            continue
        if one.late and not room and (ours, theirs) in UPWARD:
            continue
        if step[theirs] >= step[ours]:
            way = "up" if step[theirs] > step[ours] else "sideways"
            yield f"{one.where} imports {way}: {ours} imports {theirs}, in {called}"


def is_in(module, room):
    return module[: len(room)] == room and len(module) > len(room)


def circle(source, exceptions=()):
    """Return a circle of modules, if there is one, without late imports that are exceptions."""
    graph = {module: set() for module in source.modules}
    for one in source.inside:
        if one.source != one.target and not (
            one.late and (one.source[0], one.target[0]) in exceptions
        ):
            graph[one.source].add(one.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " <- ".join(".".join(module) for module in error.args[1])
    return None


@pytest.fixture(scope="module")
def house():
    return read(PACKAGE)


def test_imports_point_downwards(house):
    # The door shows, for type checkers, what it will fetch lazily; that all lies below it.
    assert list(misplaced(house, WHOLE)) == []


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_downwards_inside_a_room(house, room):
    assert list(misplaced(house, ROOMS[room], tuple(room.split("/")))) == []


def test_every_package_is_drawn(house):
    packages = {module[0] for module in house.modules if len(module) > 1}
    assert packages == {room for room in ROOMS if "/" not in room}


def test_no_module_is_in_a_circle(house):
    # The plugin's late imports are the only way back: what it loads late reads names in it.
    assert circle(house, UPWARD) is None


def test_floors_import_from_outside_what_they_may(house):
    assert [
        f"{one.where} (floor {FLOOR_OF[one.source[0]]}) imports {one.target[0]}"
        for one in house.outside
        if one.source[0] in FLOOR_OF
        and one.target[0] in KNOWN_OUTSIDE - allowed_outside(one.source[0])
    ] == []


def allowed_outside(module):
    floors = FLOORS[: FLOORS.index(FLOOR_OF[module]) + 1]
    return set().union(*(OUTSIDE[floor] for floor in floors))


def test_exceptions_to_the_floors_are_still_needed(house):
    used = {(one.source[0], one.target[0]) for one in house.inside if one.late}
    assert set(UPWARD) - used == set()


def test_no_module_outgrows_its_room():
    too_long = {
        str(path.relative_to(PACKAGE)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 350
    }
    assert too_long == {}


def outline(heading):
    """Return the rows of a table of the page, as first cell and the names told in the row."""
    table = PAGE.read_text().partition(f"\n{heading}")[2].partition("\n\n")[0]
    rows = [row.split("|")[1:-1] for row in table.splitlines()[2:]]
    return [(cells[0].strip(), set(NAME.findall("|".join(cells)))) for cells in rows]


def test_the_page_shows_the_floors_of_the_house():
    drawn = {floor: set() for floor in FLOORS}
    for name in FLOOR_OF.keys() - {"__init__", "__main__"}:
        drawn[FLOOR_OF[name]].add(name)
    assert outline("| floor |") == list(drawn.items())


@pytest.mark.parametrize(("heading", "room"), [("| room |", "admin"), ("| module |", "engine")])
def test_the_page_shows_the_rooms(heading, room):
    drawn = [set(line.split()) for line in ROOMS[room] if line != "__init__"]
    assert [names for _, names in outline(heading)] == drawn


# The drawing holds what it should: a small house, and everything that can be wrong with it.


@pytest.fixture
def built(tmp_path):
    numbers = count()

    def build(**files):
        package = tmp_path / str(next(numbers)) / "house"
        for name, text in {"__init__": "", "cellar": "", "roof/__init__": "", **files}.items():
            path = package / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return read(package)

    return build


SMALL = ["cellar", "roof", "__init__"]

IMPORTS = [
    "from house.roof import tile",
    "from house import roof",
    "import house.roof",
    "def late():\n    from house.roof import tile",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.roof import tile",
]


def test_a_house_as_it_is_drawn_has_nothing_against_it(built):
    assert list(misplaced(built(**{"roof/__init__": "from house.cellar import coal"}), SMALL)) == []


@pytest.mark.parametrize("text", IMPORTS)
def test_an_import_that_points_up_is_found(built, text):
    (found,) = misplaced(built(cellar=text), SMALL)
    assert re.fullmatch(r"house/cellar.py:\d imports up: cellar imports roof, in the house", found)


@pytest.mark.parametrize("text", IMPORTS)
def test_an_import_that_points_sideways_is_found(built, text):
    (found,) = misplaced(built(cellar=text), ["cellar roof", "__init__"])
    assert "imports sideways" in found


def test_a_module_on_no_floor_is_found(built):
    assert list(misplaced(built(attic=""), SMALL)) == [
        "attic stands on no floor: give it one of the house"
    ]
    inside = built(**{"roof/attic": ""})
    assert list(misplaced(inside, ["__init__"], ("roof",))) == [
        "roof/attic stands on no floor: give it one of roof"
    ]


def test_what_is_drawn_and_not_there_is_found(built):
    assert list(misplaced(built(), [*SMALL, "tower"])) == [
        "tower is drawn in the house, and is not there"
    ]


def test_a_room_inside_a_room_is_held_to_its_drawing(built):
    files = {"roof/_beam": "from house.roof._tile import red", "roof/_tile": ""}
    assert list(misplaced(built(**files), SMALL)) == []
    (found,) = misplaced(built(**files), ["_beam", "_tile", "__init__"], ("roof",))
    assert found == "house/roof/_beam.py:1 imports up: _beam imports _tile, in roof"


@pytest.mark.parametrize("text", IMPORTS)
def test_a_circle_is_found(built, text):
    found = circle(built(cellar=text, **{"roof/__init__": "from house.cellar import coal"}))
    assert "cellar" in found
    assert "roof" in found
