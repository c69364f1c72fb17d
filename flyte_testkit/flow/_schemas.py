"""JSON schemas as types carry them: what they say of a value, and of its parts.

Both dialects are known that flytekit ships: schemas that refer to ``definitions``, and those of
pydantic, which refer to ``$defs``. Ignorant of Flyte's types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Schema"]

_DATE: Final = "2024-01-01"
_FORMATS: Final = {
    "date-time": f"{_DATE}T00:00:00+00:00",
    "date": _DATE,
    "time": "00:00:00",
    "duration": "PT0S",
    "uuid": "00000000-0000-0000-0000-000000000000",
}


class Schema(NamedTuple):
    """A schema, or a part of one.

    Attributes:
        says: What it says, references followed.
        root: The whole, in which references are looked up.
        within: The references that led here; who comes to one of them again goes in circles.
    """

    says: Mapping[str, Any]
    root: Mapping[str, Any]
    within: frozenset[str] = frozenset()

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Schema:
        """Return a schema as a type carries it."""
        return cls({}, content).at(content)

    def at(self, content: object) -> Schema:
        """Return the schema that some content of this one is."""
        within = self.within
        says: Mapping[str, Any] = content if isinstance(content, dict) else {}
        while isinstance(says.get("$ref"), str) and says["$ref"] not in within:
            within |= {says["$ref"]}
            says = _looked_up(self.root, says["$ref"])
        return Schema(says, self.root, within)

    @property
    def kind(self) -> str:
        """The type that it says, ``null`` only where nothing else is possible."""
        said = self.says.get("type", "object" if "properties" in self.says else "")
        kinds = said if isinstance(said, list) else [said]
        return next((str(kind) for kind in kinds if kind != "null"), "null")

    @property
    def is_circular(self) -> bool:
        """Whether it leads back to where it is used."""
        return "$ref" in self.says

    @property
    def choices(self) -> list[Schema]:
        """What it may be, if it leaves a choice."""
        for word in ("anyOf", "oneOf", "allOf"):
            if self.says.get(word):
                return [self.at(choice) for choice in self.says[word]]
        return []

    @property
    def properties(self) -> dict[str, Schema]:
        """The schemas of an object's fields."""
        return {name: self.at(one) for name, one in self.says.get("properties", {}).items()}

    @property
    def elements(self) -> Schema:
        """The schema of a list's elements."""
        return self.at(self.says.get("items"))

    @property
    def entries(self) -> Schema:
        """The schema of a map's values."""
        return self.at(self.says.get("additionalProperties"))

    @property
    def least_elements(self) -> int:
        """How many elements a list has at least."""
        return int(self.says.get("minItems", 0))

    @property
    def title(self) -> str:
        """What it is called: the name of a class."""
        return str(self.says.get("title", ""))

    @property
    def is_scalar(self) -> bool:
        """Whether it says that there is a number, a text or a boolean."""
        return self.kind in {"integer", "number", "string", "boolean"}

    def named(self) -> list[Any]:
        """Return the value that it names, in a list: a default or the first that is allowed."""
        named = [self.says[word] for word in ("const", "default") if word in self.says]
        return [self._typed(value) for value in (named or self.says.get("enum", []))[:1]]

    def scalar(self) -> Any:
        """Return a plain number, text, boolean or None that it allows."""
        if self.kind == "boolean":
            return False
        if self.kind == "string":
            text = _FORMATS.get(str(self.says.get("format")), "")
            return text or "x" * int(self.says.get("minLength", 0))
        return self._number() if self.kind in {"integer", "number"} else None

    def _number(self) -> float:
        least = self.says.get("minimum", float("-inf"))
        above = self.says.get("exclusiveMinimum", float("-inf"))
        most = self.says.get("maximum", float("inf"))
        below = self.says.get("exclusiveMaximum", float("inf"))
        for number in (0, least, above + 1, most, below - 1, (above + below) / 2):
            if least <= number <= most and above < number < below:
                return self._typed(number)  # type: ignore[no-any-return]
        return self._typed(0)  # type: ignore[no-any-return]

    def _typed(self, value: Any) -> Any:
        """Return a number as what it is declared: a Struct makes floats of all."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return value
        return int(value) if self.kind == "integer" and abs(value) < float("inf") else float(value)


def _looked_up(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    found: Any = root
    for name in reference.removeprefix("#/").split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
