"""Write ``docs/reference.md``: every public name, with what its docstring says.

    python docs/make_reference.py

Docstrings are of Google's kind. What stands in a door for the house alone is named here, too.
Code is ``py`` there: what is ``python`` is run as a page's, and examples of docstrings elsewhere.
"""
# ruff: noqa: INP001  a script, no package

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import re
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PLUGIN = HERE.parent / "flyte_testkit" / "plugin.py"

HEAD = """\
# Every public name

[All pages](index.md)

Made of the docstrings by `python docs/make_reference.py`; a test keeps it so, and others run
the examples. What is not here is no part of what [the policy](policy.md) promises.
"""

DOORS: dict[str, tuple[str, ...] | None] = {
    "flyte_testkit": None,
    "flyte_testkit.server": None,
    "flyte_testkit.launches": ("Launch", "LaunchRoute"),
    "flyte_testkit.inside": None,
    "flyte_testkit.wire.faults": ("FaultRoute",),
    "flyte_testkit.wire.journal": ("Call",),
    "flyte_testkit.timeline": None,
    "flyte_testkit.failures": None,
    "flyte_testkit.nodes": None,
    "flyte_testkit.clock": None,
    "flyte_testkit.world": None,
    "flyte_testkit.laws": None,
    "flyte_testkit.strategies": None,
    "flyte_testkit.client": None,
    "flyte_testkit.client.config": ("Config", "PlatformConfig"),
    "flyte_testkit.client.exceptions": None,
    "flyte_testkit.literals": None,
    "flyte_testkit.render": None,
    "flyte_testkit.errors": None,
}
"""The doors, and what of them is public: all that they name, or these."""

HOUSE = {
    "flyte_testkit.clock": {"Sleeper", "Source"},
    "flyte_testkit.errors": {"close_names", "cut", "no_such_name", "shown", "suggests_keywords"},
    "flyte_testkit.inside": {"Reader", "failing"},
    "flyte_testkit.timeline": {"require_timeline"},
}
"""What doors name for other modules of the project."""

_CLOCK = (
    "deserted forget give_up hold interrupt release stir strike unheard unwatch watch when_broken"
)
INNER = {
    "FakeFlyteAdmin": "glances is_anywhere life lives met playing refused serving since_now "
    "strangers take_unforeseen tell_unforeseen unforeseen whereabouts",
    "Launch": "sent type_of",
    "LaunchRoute": "complaint next_script planted planting unplayed used_up",
    "FaultRoute": "complaints",
    "Clock": _CLOCK,
    "SystemClock": _CLOCK,
    "VirtualClock": f"{_CLOCK} check count forgive give_up_if_idle hope join_thread leave mover "
    "park sleeper takes_part",
    "AttemptRun": "of",
    "ItemRun": "all_of",
    "Attempt": "as_argument",
    "Yields": "as_code as_line is_list succeeds",
    "Flaw": "as_code",
    "Node": "below defined_as defines makes_up promises word",
    "Array": "check_size least_retries outputs script_of scripts",
    "Task": "least_retries",
    "Branch": "arm",
    "Dynamic": "yielded",
    "Gate": "brings_value values",
    "Where": "below",
    "Workflow": "below",
    "FlyteException": "remark",
}
"""What these classes, and whatever is one of them, have for other modules of the project."""


class Name(NamedTuple):
    """A public name, and what it stands for."""

    door: str
    name: str
    value: Any

    @property
    def at(self) -> str:
        """Where it is told of: at the first door that has it."""
        return f"{self.door}.{self.name}"


def public() -> Iterator[Name]:
    """Yield each public name of each door."""
    for door, chosen in DOORS.items():
        module = importlib.import_module(door)
        for name in chosen or module.__all__:
            if name not in HOUSE.get(door, ()):
                yield Name(door, name, getattr(module, name))


def page() -> str:
    """Return the page as it should be."""
    doors = "\n".join(f"* [`{door}`](#{door.replace('.', '')})" for door in DOORS)
    parts = [HEAD, "* [Fixtures](#fixtures)", f"{doors}\n", *_fixtures()]
    told: dict[int, str] = {}
    for door in DOORS:
        module = importlib.import_module(door)
        parts.append(f"## {door}\n\n{Text(module.__doc__).opening}\n")
        parts += [_entry(each, told) for each in public() if each.door == door]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def _fixtures() -> Iterator[str]:
    """Tell of the fixtures, as they stand in the plugin."""
    yield "## Fixtures\n"
    for node in ast.parse(PLUGIN.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            marks = [ast.unparse(decorator) for decorator in node.decorator_list]
            if any(mark.startswith("pytest.fixture") for mark in marks):
                yield f"### {node.name}\n\n{Text(ast.get_docstring(node)).markdown}\n"


def _entry(each: Name, told: dict[int, str]) -> str:
    value, name = each.value, each.name
    if inspect.ismodule(value):
        return (
            f"### {name}\n\nThe module [`{value.__name__}`](#{value.__name__.replace('.', '')}).\n"
        )
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return f"### {name}\n\n{_constant(each)}\n"
    if (before := told.get(id(value))) is not None:
        return f"### {name}\n\nThe same as `{before}`.\n"
    told[id(value)] = each.at
    parts = [f"### {name}\n", _call(name, value), Text(inspect.getdoc(value)).markdown]
    if inspect.isclass(value):
        parts.extend(_members(value))
    return "\n".join(parts) + "\n"


def _constant(each: Name) -> str:
    """Tell of what is neither a class nor a function: by the text that stands below it."""
    if each.name == "__version__":
        return "The version that is installed."
    for module in (importlib.import_module(each.door), *_submodules(each.door)):
        body = ast.parse(inspect.getsource(module)).body
        for node, following in pairwise(body):
            target = (
                node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            )
            if isinstance(target, ast.Name) and target.id == each.name:
                text = getattr(getattr(following, "value", None), "value", None)
                if isinstance(following, ast.Expr) and isinstance(text, str):
                    return Text(text).markdown
                return f"```py\n{ast.unparse(node)}\n```"
    return f"```py\n{each.name} = {each.value!r}\n```"


def _submodules(door: str) -> Iterator[Any]:
    if door == "flyte_testkit":
        door = "flyte_testkit.timeline"  # the home of its words
    package = importlib.import_module(door)
    for path in sorted(Path(place) for place in getattr(package, "__path__", ())):
        for file in sorted(path.glob("*.py")):
            if file.stem != "__init__":
                yield importlib.import_module(f"{door}.{file.stem}")


def _members(cls: type) -> Iterator[str]:
    """Tell of what a class has: its own methods and properties, and those of its house."""
    for name in sorted(set(_names(cls))):
        member = inspect.getattr_static(cls, name)
        text = Text(inspect.getdoc(getattr(cls, name, None)) or inspect.getdoc(member))
        if isinstance(member, (property, cached_property)):
            yield f"\n**`{name}`**: {text.short}\n" if text.short else f"\n**`{name}`**\n"
        else:
            function = (
                member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
            )
            yield f"\n**`{_signature(name, function)}`**\n\n{text.markdown}\n"


def _names(cls: type) -> Iterator[str]:
    kinds = (property, cached_property, classmethod, staticmethod)
    inner = {name for base in cls.__mro__ for name in INNER.get(base.__name__, "").split()}
    for base in cls.__mro__:
        if not base.__module__.startswith("flyte_testkit"):
            continue
        for name, member in vars(base).items():
            is_law = name.startswith("test_")
            is_shown = inspect.isroutine(member) or isinstance(member, kinds) or is_law
            if is_shown and not name.startswith("_") and name not in inner:
                yield name


def _call(name: str, value: Any) -> str:
    if inspect.isclass(value) and issubclass(value, (enum.Enum, BaseException)):
        return ""
    if inspect.isclass(value) and value.__init__ is object.__init__:
        return ""
    return f"```py\n{_signature(name, value)}\n```\n"


def _signature(name: str, value: Any) -> str:
    """Print how something is called, as its source has it."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    parts: list[str] = []
    positional = False
    parameters = [
        each for each in signature.parameters.values() if each.name not in {"self", "cls"}
    ]
    for each in parameters:
        if positional and each.kind is not each.POSITIONAL_ONLY:
            parts.append("/")
        positional = each.kind is each.POSITIONAL_ONLY
        if each.kind is each.KEYWORD_ONLY and not any(part.startswith("*") for part in parts):
            parts.append("*")
        parts.append(_parameter(each))
    parts += ["/"] if positional else []
    return f"{name}({', '.join(parts)})"


def _parameter(each: inspect.Parameter) -> str:
    star = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
    if each.default is each.empty:
        return f"{star}{each.name}"
    default = repr(each.default)
    return f"{each.name}={default if len(default) < 40 and ' at 0x' not in default else '…'}"


class Text:
    """A docstring, as Markdown.

    Args:
        docstring: As it stands in the source, or nothing.
    """

    def __init__(self, docstring: str | None) -> None:
        text, _, _ = inspect.cleandoc(docstring or "").partition("PYTEST_DONT_REWRITE")
        self._lines = text.strip().splitlines()

    @property
    def opening(self) -> str:
        """The first paragraphs, up to the first block or section."""
        kept = []
        for line in self._lines:
            if line.strip() == "::" or _SECTION.fullmatch(line):
                break
            kept.append(line)
        return _plain("\n".join(kept)).strip()

    @property
    def short(self) -> str:
        """The paragraphs in one line."""
        return " ".join(self.opening.split())

    @property
    def markdown(self) -> str:
        """All of it: sections with a bold heading, their entries as lists, examples as code."""
        parts: list[str] = []
        section = ""
        for indented, lines in _blocks(self._lines):
            if not indented and len(lines) == 1 and _SECTION.fullmatch(lines[0]):
                section = lines[0].removesuffix(":")
                parts.append(f"**{section}**")
            elif indented and section == "Example":
                parts.append("```pycon\n" + "\n".join(lines) + "\n```")
            elif indented and section:
                parts.append(_plain("\n".join(_entries(lines))))
            elif indented:
                parts.append("```py\n" + "\n".join(lines) + "\n```")
            elif lines == ["::"]:
                section = ""
            else:
                section = ""
                parts.append(_plain("\n".join(lines)).removesuffix("::"))
        return "\n\n".join(parts) + "\n"


_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields|Example|Examples|Note):")
_ROLE = re.compile(r":\w+:`~?([^`]+)`")


def _plain(text: str) -> str:
    """Let roles and double ticks of docstrings be code of Markdown."""

    def role(found: re.Match[str]) -> str:
        named = re.sub(r"\s*<.*>$", "", found[1])
        return f"`{named.rpartition('.')[2] if '~' in found[0] else named}`"

    return _ROLE.sub(role, text).replace("``", "`")


def _blocks(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """Yield runs of lines that are indented or not; paragraphs that are not, one by one."""
    block: list[str] = []
    indented = False
    for line in [*lines, ""]:
        is_section = bool(_SECTION.fullmatch(line))
        now = line.startswith(" ") if line else indented
        if block and (now != indented or (not line and not indented) or is_section):
            yield indented, _outdented(block)
            block = []
        indented = now
        if line or (indented and block):
            block.append(line)
            if is_section:
                yield False, block
                block = []
    if block:
        yield indented, _outdented(block)


def _outdented(lines: list[str]) -> list[str]:
    return inspect.cleandoc("\n".join(["", *lines])).splitlines()


def _entries(lines: list[str]) -> Iterator[str]:
    """Turn ``name: text`` into entries of a list; what goes on is indented in the source."""
    for line in lines:
        found = re.match(r"(\*{0,2}\w+): (.*)", line)
        yield (
            f"* `{found[1]}`: {found[2]}"
            if found
            else (f"  {line.strip()}" if line[:1] == " " else line)
        )


if __name__ == "__main__":
    (HERE / "reference.md").write_text(page(), encoding="utf-8")
