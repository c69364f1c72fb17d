"""Python types, and the types of Python values, as Flyte's literal types.

Each is what flytekit derives from the same annotation. Ignorant of literals' contents, except that
the type of a value can be inferred from it.
"""

from __future__ import annotations

import enum
import types
import typing
from typing import TYPE_CHECKING, Any

from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from flyte_testkit.errors import RegistrationError, shown
from flyte_testkit.literals import dataclass_types
from flyte_testkit.literals.inference import type_of_literal, without_nils
from flyte_testkit.literals.naming import SIMPLE_TYPES, tag_of, underlying
from flyte_testkit.references import reference_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["infer_type", "literal_type", "ready_literal", "variable_map"]


def literal_type(python_type: object) -> types_pb2.LiteralType:
    """Return the type that flytekit declares for a Python annotation.

    Args:
        python_type: ``int``, ``float``, ``str``, ``bool``, ``datetime``, ``date``, ``timedelta``,
            ``None``, ``list[T]``, ``dict[str, T]``, ``dict``, ``T | None`` and other unions, an
            ``Enum`` of texts, ``typing.Literal[…]``, a dataclass, a model of pydantic, or a
            ``LiteralType``.

    Raises:
        RegistrationError: Flyte has no type for it.

    Example:
        >>> str(literal_type(list[int])).split()
        ['collection_type', '{', 'simple:', 'INTEGER', '}']
    """
    ready = _idl(python_type, types_pb2.LiteralType)
    if ready is not None:
        return ready
    python_type = underlying(python_type)
    origin, arguments = typing.get_origin(python_type), typing.get_args(python_type)
    if origin is typing.Literal:
        return _choice(arguments)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is list and arguments:
        return types_pb2.LiteralType(collection_type=literal_type(arguments[0]))
    if origin is dict:
        if arguments and arguments[0] is str:
            return types_pb2.LiteralType(map_value_type=literal_type(arguments[1]))
        return dataclass_types.msgpack_struct()
    if isinstance(python_type, type):
        return _class_type(python_type)
    raise _no_type(python_type)


def variable_map(annotations: Mapping[str, object]) -> interface_pb2.VariableMap:
    """Return one side of an interface; each variable is described by its name, as by flytekit.

    Raises:
        RegistrationError: Flyte has no type for an annotation; the message names the variable.
    """
    variables = {}
    for name, annotation in annotations.items():
        try:
            declared = literal_type(annotation)
        except RegistrationError as error:
            raise RegistrationError(f"{name!r}: {error}") from error
        variables[name] = interface_pb2.Variable(type=declared, description=name)
    return interface_pb2.VariableMap(variables=variables)


def infer_type(value: object) -> types_pb2.LiteralType:
    """Return the type that fits a value of which nothing is declared.

    A dict is a ``dict`` (a Struct), never a ``dict[str, T]``; integers beside floats are floats;
    a mixture is a union.

    Raises:
        RegistrationError: Flyte has no type for it.

    Example:
        >>> from flyte_testkit.literals import describe
        >>> describe(infer_type([1, 2.5, None]))
        'list[float | None]'
    """
    ready = ready_literal(value)
    if ready is not None:
        inferred = type_of_literal(ready)
        if inferred is None:
            raise RegistrationError(f"{shown(value)} has no content, so it has no type: fill it.")
        return without_nils(inferred)
    if (reference := reference_of(value)) is not None:
        return reference.type
    if isinstance(value, (list, tuple)):
        return types_pb2.LiteralType(collection_type=_common_type(value))
    if isinstance(value, dict):
        return dataclass_types.msgpack_struct()
    return literal_type(type(value))


def ready_literal(value: object) -> literals_pb2.Literal | None:
    """Return a value that is a literal already, or a flytekit model of one."""
    return _idl(value, literals_pb2.Literal)


_MessageT = typing.TypeVar("_MessageT")


def _idl(value: object, message_class: type[_MessageT]) -> _MessageT | None:
    if isinstance(value, message_class):
        return value
    convert = None if isinstance(value, type) else getattr(value, "to_flyte_idl", None)
    message = convert() if callable(convert) else None
    return message if isinstance(message, message_class) else None


def _class_type(cls: type) -> types_pb2.LiteralType:
    if issubclass(cls, enum.Enum):
        return _enum(cls)
    for known, simple, _ in SIMPLE_TYPES:
        if issubclass(cls, known):
            return types_pb2.LiteralType(simple=simple)
    if issubclass(cls, dict):
        return dataclass_types.msgpack_struct()
    if dataclass_types.is_record(cls) and not _is_flytekits(cls):
        return dataclass_types.dataclass_type(cls, literal_type)
    raise _no_type(cls)


def _enum(cls: type[enum.Enum]) -> types_pb2.LiteralType:
    values = [member.value for member in cls]
    wrong = next((value for value in values if not isinstance(value, str)), None)
    if not values or wrong is not None:
        what = f"the value {shown(wrong)}" if values else "no members"
        raise RegistrationError(
            f"{cls.__name__} has {what}, but Flyte's enums are made of texts: "
            f"give every member a str."
        )
    return types_pb2.LiteralType(enum_type=types_pb2.EnumType(values=values))


def _choice(choices: tuple[Any, ...]) -> types_pb2.LiteralType:
    if len({type(choice) for choice in choices}) != 1:
        raise RegistrationError(
            f"typing.Literal{shown(list(choices))} mixes types, but Flyte's has one: use a union."
        )
    declared = types_pb2.LiteralType()
    declared.CopyFrom(literal_type(type(choices[0])))
    declared.annotation.annotations.update({"literal_values": list(choices)})
    return declared


def _union(variants: Iterable[object]) -> types_pb2.LiteralType:
    declared = types_pb2.LiteralType(union_type=types_pb2.UnionType())
    for python_type in variants:
        variant = declared.union_type.variants.add()
        variant.CopyFrom(literal_type(python_type))
        tag = tag_of(python_type)
        if tag:
            variant.structure.CopyFrom(types_pb2.TypeStructure(tag=tag))
    return declared


def _common_type(values: Iterable[object]) -> types_pb2.LiteralType:
    found: list[tuple[types_pb2.LiteralType, str]] = []
    for value in values:
        inferred = infer_type(value)
        if all(inferred != known for known, _ in found):
            found.append((inferred, "" if ready_literal(value) else tag_of(type(value))))
    empty_list = types_pb2.LiteralType(collection_type=types_pb2.LiteralType(simple=types_pb2.NONE))
    integer = types_pb2.LiteralType(simple=types_pb2.INTEGER)
    kinds = [inferred for inferred, _ in found]
    if empty_list in kinds and sum(kind.HasField("collection_type") for kind in kinds) > 1:
        found = [pair for pair in found if pair[0] != empty_list]
    if types_pb2.LiteralType(simple=types_pb2.FLOAT) in kinds:
        found = [pair for pair in found if pair[0] != integer]
    if len(found) == 1:
        return found[0][0]
    if not found:
        return types_pb2.LiteralType(simple=types_pb2.NONE)
    union = types_pb2.LiteralType(union_type=types_pb2.UnionType())
    for inferred, tag in sorted(found, key=lambda pair: pair[1] == "none"):
        variant = union.union_type.variants.add()
        variant.CopyFrom(inferred)
        if tag:
            variant.structure.CopyFrom(types_pb2.TypeStructure(tag=tag))
    return union


def _is_flytekits(cls: type) -> bool:
    """Say whether flytekit has its own way with a class; its FlyteFile is a dataclass too."""
    return any(base.__module__.partition(".")[0] == "flytekit" for base in cls.__mro__)


def _no_type(python_type: object) -> RegistrationError:
    name = python_type.__name__ if isinstance(python_type, type) else repr(python_type)
    if python_type is list or typing.get_origin(python_type) is list:
        advice = "say of what: list[int]"
    elif isinstance(python_type, type) and issubclass(python_type, (tuple, set, frozenset)):
        advice = "use list[…]"
    elif isinstance(python_type, type) and _is_flytekits(python_type):
        advice = f"pass what flytekit makes of it: TypeEngine.to_literal_type({name})"
    elif isinstance(python_type, str):
        advice = "pass the type itself, not its name"
    else:
        advice = "use a dataclass or a dict, or pass a ready LiteralType"
    return RegistrationError(f"Flyte has no type for {name}: {advice}.")
