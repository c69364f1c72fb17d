"""What is known of an interface that nobody declared: what was seen so far, which only ever grows.

A guess is a value. Whatever fitted it once fits all that it becomes: ints are floats once a float
was seen, what was left out once may be left out, and two things that no type holds are refused, so
that the guess stays as it was. Ignorant of names that are registered, and of scripts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from flyteidl.core import types_pb2

from flyte_testkit import literals
from flyte_testkit.errors import RegistrationError
from flyte_testkit.literals.dataclass_types import is_msgpack, msgpack_struct
from flyte_testkit.literals.naming import tag_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Guess", "Seen"]

_Type = types_pb2.LiteralType
_NUMBERS = (types_pb2.INTEGER, types_pb2.FLOAT)
_CLASSES: dict[int, type] = {
    types_pb2.NONE: type(None),
    types_pb2.INTEGER: int,
    types_pb2.FLOAT: float,
    types_pb2.STRING: str,
    types_pb2.BOOLEAN: bool,
}


@dataclass(frozen=True)
class Seen:
    """What the values of one variable have in common.

    Attributes:
        kind: Their type; one without content if only None was seen.
        nullable: Whether None was seen, or that there is no value at all.
    """

    kind: types_pb2.LiteralType = field(default_factory=types_pb2.LiteralType)
    nullable: bool = False

    @classmethod
    def of(cls, value: object) -> Seen:
        """Return what is seen of one value.

        Raises:
            RegistrationError: Flyte has no type for it.
        """
        return cls(nullable=True) if value is None else cls(_inferred(value))

    def joined(self, other: Seen) -> Seen | None:
        """Return what this and another sight have in common; None if that is nothing."""
        kind = _joined(self.kind, other.kind)
        return None if kind is None else Seen(kind, self.nullable or other.nullable)

    @property
    def type(self) -> types_pb2.LiteralType:
        """The narrowest type of Flyte that holds all that was seen."""
        none = _Type(simple=types_pb2.NONE)
        if self.nullable:
            return _filled(_mixed(self.kind, none))
        return _filled(self.kind)


@dataclass(frozen=True)
class Guess:
    """What is known of the inputs and outputs of a name that is scripted and not registered.

    An input that may be None may also be left out.
    """

    inputs: Mapping[str, Seen] = field(default_factory=dict)
    outputs: Mapping[str, Seen] = field(default_factory=dict)

    @classmethod
    def declared(cls, inputs: Mapping[str, object], outputs: Mapping[str, object]) -> Guess:
        """Return what is known of an interface whose types are told.

        Raises:
            RegistrationError: A type has no counterpart in Flyte.
        """
        ways = [literals.variable_map(types).variables for types in (inputs, outputs)]
        return cls(*({key: Seen(found.type) for key, found in way.items()} for way in ways))

    def with_outputs(self, name: str, outputs: Mapping[str, object]) -> Guess:
        """Return the guess after a script that succeeds with these outputs.

        Raises:
            RegistrationError: They disagree with others about a type, or do not say which they
                have.
        """
        grown = _grown(self.outputs, outputs, f"of {name!r}", f"register({name!r}, outputs=")
        return self if grown is self.outputs else replace(self, outputs=grown)

    def with_inputs(
        self, name: str, inputs: Mapping[str, object], *, complete: bool = False, late: bool = False
    ) -> Guess:
        """Return the guess after a launch with these inputs was written down, or happened.

        Args:
            name: What was launched, for errors.
            inputs: The inputs by name, as Python values.
            complete: Whether there were no others, so that all others may be left out.
            late: Whether there have been launches without them, so that they may be.

        Raises:
            RegistrationError: As for :meth:`with_outputs`.
        """
        grown = dict(_grown(self.inputs, inputs, f"of {name!r}", f"register({name!r}, inputs="))
        for key, seen in grown.items():
            missed = (complete and key not in inputs) or (late and key not in self.inputs)
            if missed and not seen.nullable:
                grown[key] = replace(seen, nullable=True)
        return self if grown == self.inputs else replace(self, inputs=grown)


def _grown(
    known: Mapping[str, Seen], values: Mapping[str, object], whose: str, declare: str
) -> Mapping[str, Seen]:
    """Add what is seen of values; the same object comes back if that is nothing new."""
    what = declare.rpartition(" ")[2].removesuffix("s=")
    grown: dict[str, Seen] = {}
    for key, value in values.items():
        if isinstance(value, type):
            raise RegistrationError(
                f"the {what} {key!r} {whose} is {value!r}, which is a type: scripts and routes "
                f"have values.\nDeclare it: {declare}{{{key!r}: {value.__name__}}})."
            )
        try:
            seen = Seen.of(value)
        except RegistrationError as error:
            raise RegistrationError(
                f"the {what} {key!r} {whose} does not say which type it has: {error}\n"
                f"Declare it: {declare}{{{key!r}: …}})."
            ) from error
        before = known.get(key, seen)
        joined = before.joined(seen)
        if joined is None:
            kinds = " and ".join(sorted({literals.describe(s.type) for s in (before, seen)}))
            raise RegistrationError(
                f"the scripts {whose} disagree about the {what} {key!r}: it is {kinds}.\n"
                f"Say which it is: {declare}{{{key!r}: …}})."
            )
        if joined != known.get(key):
            grown[key] = joined
    return {**known, **grown} if grown else known


def _inferred(value: object) -> types_pb2.LiteralType:
    """Return the type of a value; a list of nothing has elements of a type without content."""
    if isinstance(value, (list, tuple)):
        return _Type(collection_type=reduce(_mixed, map(_inferred, value), _Type()))
    return literals.infer_type(value)


def _joined(one: types_pb2.LiteralType, other: types_pb2.LiteralType) -> _Type | None:
    """Return the type of what is of either type, without making a union of them."""
    kinds = one.WhichOneof("type"), other.WhichOneof("type")
    if one == other or kinds[1] is None:
        return one
    if kinds[0] is None:
        return other
    if kinds == ("simple", "simple"):
        if one.simple in _NUMBERS and other.simple in _NUMBERS:
            return _Type(simple=types_pb2.FLOAT)
        structs = one.simple == other.simple == types_pb2.STRUCT
        return msgpack_struct() if structs and is_msgpack(one) and is_msgpack(other) else None
    if kinds == ("collection_type", "collection_type"):
        return _Type(collection_type=_mixed(one.collection_type, other.collection_type))
    if kinds == ("map_value_type", "map_value_type"):
        return _Type(map_value_type=_mixed(one.map_value_type, other.map_value_type))
    if "union_type" in kinds and _covers(one, other):
        return one
    return other if "union_type" in kinds and _covers(other, one) else None


def _covers(union: types_pb2.LiteralType, other: types_pb2.LiteralType) -> bool:
    return _is_union(union) and _mixed(union, other) == union


def _mixed(one: types_pb2.LiteralType, other: types_pb2.LiteralType) -> types_pb2.LiteralType:
    """Return the type of what is of either type: of one kind if that can be, else a union."""
    if (joined := None if _is_union(one, other) else _joined(one, other)) is not None:
        return joined
    variants = list(_variants(one))
    for new in _variants(other):
        for number, variant in enumerate(variants):
            if (joined := _joined(variant, new)) is not None:
                variants[number] = joined
                break
        else:
            variants.append(new)
    variants.sort(key=lambda variant: variant.HasField("simple") and not variant.simple)
    mixed = _Type(union_type=types_pb2.UnionType())
    for variant in variants:
        added = mixed.union_type.variants.add()
        added.CopyFrom(variant)
        if tag := _tag(variant):
            added.structure.tag = tag
    return mixed


def _is_union(*kinds: types_pb2.LiteralType) -> bool:
    return any(kind.HasField("union_type") for kind in kinds)


def _variants(kind: types_pb2.LiteralType) -> Iterator[types_pb2.LiteralType]:
    """Yield the variants of a union, without the tags that only unions have, or a lone type."""
    if not kind.HasField("union_type"):
        yield kind
        return
    for variant in kind.union_type.variants:
        bare = _Type()
        bare.CopyFrom(variant)
        bare.structure.ClearField("tag")
        if bare.structure == types_pb2.TypeStructure():
            bare.ClearField("structure")
        yield bare


def _tag(kind: types_pb2.LiteralType) -> str:
    """Return what flytekit calls a variant, where the type alone tells."""
    which = kind.WhichOneof("type")
    if which == "simple":
        if kind.simple == types_pb2.DATETIME:
            return "datetime"
        if kind.simple == types_pb2.DURATION:
            return "timedelta"
        if kind.simple == types_pb2.STRUCT:
            is_plain = not kind.structure.dataclass_type and not kind.metadata.fields
            return "Typed Dict" if is_plain else "Object-Dataclass-Transformer"
        return tag_of(_CLASSES[kind.simple]) if kind.simple in _CLASSES else ""
    others = {
        "collection_type": "Typed List",
        "map_value_type": "Typed Dict",
        "enum_type": "DefaultEnumTransformer",
    }
    return others.get(str(which), "")


def _filled(kind: types_pb2.LiteralType) -> types_pb2.LiteralType:
    """Return the type with None where nothing was seen."""
    which = kind.WhichOneof("type")
    if which is None:
        return _Type(simple=types_pb2.NONE)
    if which == "collection_type":
        return _Type(collection_type=_filled(kind.collection_type))
    if which == "map_value_type":
        return _Type(map_value_type=_filled(kind.map_value_type))
    if which == "union_type":
        filled = _Type(union_type=types_pb2.UnionType())
        for variant in kind.union_type.variants:
            added = filled.union_type.variants.add()
            added.CopyFrom(_filled(variant))
            added.structure.MergeFrom(variant.structure)
        return filled
    return kind
