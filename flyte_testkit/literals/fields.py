"""Whether the fields of a value are those of the dataclass or model that is declared.

FlyteAdmin never looks into a Struct: whoever reads it fails over what is missing or of a wrong
type, long after. So whoever scripts one is told at once. What is known is the schema that a type
carries; what flytekit would write and read back as it was fits. Ignorant of literals.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf import struct_pb2

from flyte_testkit.errors import close_names, shown
from flyte_testkit.literals.schemas import OPEN, Schema, followed, name_of, schema_of
from flyte_testkit.literals.structs import dict_of, is_pydantic
from flyte_testkit.references import reference_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyteidl.core import types_pb2

__all__ = ["misfit"]


def misfit(value: object, declared: types_pb2.LiteralType, where: str) -> str | None:
    """Say what of a value does not fit the fields that its type has; None if all fits.

    Args:
        value: A dict, a dataclass, a model or a Struct.
        declared: A Struct's type; if it tells no fields, all fits.
        where: How the message names the value.

    Example:
        >>> from flyte_testkit.literals import literal_type
        >>> Report = dataclasses.make_dataclass("Report", [("auc", float)])
        >>> print(misfit({"auk": 1}, literal_type(Report), "output 'r'"))
        output 'r' is declared Report, but {'auk': 1} is a dict: Report has no field 'auk'; it has \
'auc'. Did you mean 'auc'?
    """
    schema = schema_of(declared)
    return _Check(schema).problem(value, schema, where)


class _Check(NamedTuple):
    """One look at one value.

    Attributes:
        root: The whole schema, in which references are looked up.
    """

    root: Schema

    def problem(
        self, value: object, schema: object, where: str, *, own: bool = False
    ) -> str | None:
        """Say what is wrong; ``own`` says that it is a field of an object, not of JSON."""
        says = followed(schema, self.root)
        if value is None and "default" in says and says["default"] is None:
            return None
        for every in says.get("allOf", ()):
            if (found := self.problem(value, every, where, own=own)) is not None:
                return found
        choices = says.get("anyOf") or says.get("oneOf")
        if choices:
            return self._none_of(choices, value, says, where, own=own)
        if "enum" in says or "const" in says:
            return self._not_named(value, says, where)
        kinds = says.get("type", "object" if "properties" in says else [])
        if isinstance(kinds, list):
            several = [{**says, "type": kind} for kind in kinds]
            return self._none_of(several, value, says, where, own=own) if several else None
        if kinds == "object":
            return self._object(value, says, where)
        if kinds == "array":
            return self._array(value, says, where, own=own)
        return None if _is_leaf(value, says, own=own) else self._wrong(value, says, where)

    def _none_of(
        self, choices: list[Any], value: object, says: Schema, where: str, *, own: bool
    ) -> str | None:
        found = [self.problem(value, choice, where, own=own) for choice in choices]
        if None in found:
            return None
        real = [
            problem
            for problem, choice in zip(found, choices, strict=True)
            if followed(choice, self.root).get("type") != "null"
        ]
        alone = len(real) == 1 and value is not None
        return real[0] if alone else self._wrong(value, says, where, "give it one of these")

    def _not_named(self, value: object, says: Schema, where: str) -> str | None:
        named = says["enum"] if "enum" in says else [says["const"]]
        held = value.value if isinstance(value, enum.Enum) else value
        name = value.name if isinstance(value, enum.Enum) else None  # what elder flytekits wrote
        if any(_same(held, one) for one in named) or ("$schema" in self.root and name in named):
            return None
        near = close_names(held, map(str, named)) if isinstance(held, str) else ""
        told = name_of(says, self.root)
        return f"{where} is declared {told}, but {shown(value)} is none of these.{near}"

    def _array(self, value: object, says: Schema, where: str, *, own: bool) -> str | None:
        if not isinstance(value, (list, tuple)):
            return self._wrong(value, says, where)
        first = says.get("prefixItems", [])
        if first and not says.get("minItems", 0) <= len(value) <= says.get("maxItems", len(value)):
            return self._wrong(value, says, where, f"give it {len(first)} elements")
        schemas = [*first, *[says.get("items")] * max(0, len(value) - len(first))]
        parts = enumerate(zip(value, schemas, strict=False))
        return _first(
            self.problem(one, schema, f"{where}[{index}]", own=own)
            for index, (one, schema) in parts
        )

    def _object(self, value: object, says: Schema, where: str) -> str | None:
        reference = reference_of(value)
        title = str(says.get("title", ""))
        if title in _REFERENCES and isinstance(value, str):
            return None  # the uri alone is flytekit's short form
        if reference is not None:
            fits = reference.kind == _REFERENCES.get(title)
            return None if fits else self._wrong(value, says, where)
        held = _fields(value, title)
        if held is None:
            return self._wrong(value, says, where)
        if isinstance(held, _Trusted):
            return None
        return self._names(value, held, says, where) or self._parts(value, held, says, where)

    def _names(self, value: object, held: Schema, says: Schema, where: str) -> str | None:
        known = says.get("properties", {})
        if not known and says.get("additionalProperties", True) is not False:
            return None
        name = name_of(says, self.root)
        unknown = [key for key in held if key not in known]
        missing = [key for key in says.get("required", ()) if key not in held]
        if says.get(OPEN):
            unknown = unknown if len(unknown) == len(held) else []
        elif says.get("additionalProperties"):
            unknown = []
        fields = ", ".join(map(repr, sorted(known)))
        if unknown:
            near = close_names(str(unknown[0]), known)
            told = f"{name} has no field {unknown[0]!r}; it has {fields or 'none'}.{near}"
        elif missing:
            has, it = ("have", "them") if len(missing) > 1 else ("has", "it")
            lacks = ", ".join(map(repr, missing))
            told = f"{name} needs {lacks}, which {has} no default: give {it}, too."
        else:
            return None
        return f"{where} is declared {name}, but {shown(value)} is {_a(type(value))}: {told}"

    def _parts(self, value: object, held: Schema, says: Schema, where: str) -> str | None:
        known = says.get("properties", {})
        own = not isinstance(value, (Mapping, struct_pb2.Struct)) and not is_pydantic(type(value))
        others, names = says.get("additionalProperties"), says.get("propertyNames")
        for key in held if names is not None else ():
            if self.problem(key, names, where) is not None and not self._in_json(key, names):
                return self._wrong(value, says, where, f"its key {shown(key)} does not fit")
        return _first(
            self.problem(one, known[key], f"{where}.{key}", own=own)
            if key in known
            else self.problem(one, others, f"{where}[{key!r}]", own=own)
            for key, one in held.items()
        )

    def _in_json(self, key: object, names: object) -> bool:
        """Say whether a key is a number as JSON writes keys: as a text."""
        is_number = isinstance(key, str) and key.lstrip("-").replace(".", "", 1).isdecimal()
        return is_number and followed(names, self.root).get("type") in _NUMBERS

    def _wrong(self, value: object, says: Schema, where: str, advice: str = "") -> str:
        name = name_of(says, self.root)
        kind = "is given" if value is None else f"is {_a(type(value))}"
        return (
            f"{where} is declared {name}, but {shown(value)} {kind}: "
            f"{advice or f'give it {_article(name)}'}."
        )


class _Trusted(dict[str, Any]):
    """The fields of one whose class writes them its own way."""


_REFERENCES = {
    "FlyteFile": "file",
    "FlyteDirectory": "directory",
    "StructuredDataset": "table",
    "FlyteSchema": "schema",
}
_CLASSES: dict[str, type] = {
    "date-time": dt.date,  # of a date flytekit makes a datetime
    "date": dt.date,
    "time-delta": dt.timedelta,
    "duration": dt.timedelta,
    "base64": bytes,
    "binary": bytes,
}


_NUMBERS = ("integer", "number", "boolean")  # what equals a number is read as that number


def _is_leaf(value: object, says: Schema, *, own: bool) -> bool:
    held: Any = value.value if isinstance(value, enum.Enum) else value
    kind, form = says.get("type"), str(says.get("format"))
    if form in _CLASSES and isinstance(held, _CLASSES[form]):
        return not (form == "date" and isinstance(held, dt.datetime))
    if form in _CLASSES and own and _CLASSES[form] is not bytes:
        return False  # flytekit asks it for what only such an object has
    if kind == "string":
        return isinstance(held, str) and _is_moment(held, form)
    if kind == "null" or (kind in _NUMBERS and not isinstance(held, (int, float))):
        return held is None and kind == "null"
    if kind == "boolean":
        return held in (0, 1)
    return kind != "integer" or isinstance(held, int) or held.is_integer()


def _is_moment(held: object, form: str) -> bool:
    if form not in ("date-time", "date") or not isinstance(held, str):
        return True
    parse = dt.datetime.fromisoformat if form == "date-time" else dt.date.fromisoformat
    try:
        parse(held.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _same(held: object, one: object) -> bool:
    """Say whether a value is the one that a schema names: numbers came as floats, True is not 1."""
    return isinstance(held, bool) == isinstance(one, bool) and held == one


def _fields(value: Any, title: str) -> Mapping[str, Any] | None:
    """Return what a value holds by name, and of a subclass what the declared class has."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, struct_pb2.Struct):
        return dict_of(value)
    base = next((base for base in type(value).__mro__ if base.__name__ == title), type(value))
    if is_pydantic(base):
        text = value.model_dump_json()
        return _Trusted() if base.__name__ == title and _reads(base, text) else json.loads(text)
    if not dataclasses.is_dataclass(base):
        return None
    fields = [field for field in dataclasses.fields(base) if field.init]
    writes_itself = hasattr(base, "_serialize") or getattr(base, "dataclass_json_config", None)
    if writes_itself or hasattr(base, "Config") or any(field.metadata for field in fields):
        return _Trusted() if base.__name__ == title else _plainly(value, fields)
    return _plainly(value, fields)


def _plainly(value: object, fields: list[dataclasses.Field[Any]]) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields}


def _reads(model: Any, text: str) -> bool:
    """Say whether a model reads again what it wrote; names may differ from its schema's."""
    try:
        model.model_validate_json(text)
    except ValueError:
        return False
    return True


def _first(problems: Iterator[str | None]) -> str | None:
    return next((problem for problem in problems if problem is not None), None)


def _a(cls: type) -> str:
    return f"{'an' if cls.__name__[0] in 'aeiouAEIOU' else 'a'} {cls.__name__}"


def _article(name: str) -> str:
    """Return a name with an article, if it is the name of one thing."""
    plain = name.isidentifier() and name not in ("None", "anything", "bytes")
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}" if plain else name
