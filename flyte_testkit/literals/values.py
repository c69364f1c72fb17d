"""Python values as the literals that flytekit would send for them.

With a declared type the value has to fit it, and only what loses nothing is converted: an int where
a float is declared, a date where a datetime is. Everything else is refused with help. Ignorant of
annotations: a declared type comes as Flyte's own message.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NoReturn

from flyteidl.core import literals_pb2, types_pb2

from flyte_testkit.errors import RegistrationError, close_names, shown
from flyte_testkit.literals.dataclass_types import is_record
from flyte_testkit.literals.fields import misfit
from flyte_testkit.literals.naming import describe, tag_of
from flyte_testkit.literals.scalars import reference_literal, simple_literal, text_literal
from flyte_testkit.literals.types import infer_type, ready_literal
from flyte_testkit.references import reference_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Converter = Callable[[object, types_pb2.LiteralType, str], literals_pb2.Literal]

__all__ = ["literal", "literal_map"]


def literal(
    value: object, declared: types_pb2.LiteralType | None = None, *, where: str = "the value"
) -> literals_pb2.Literal:
    """Return the literal of a Python value.

    Args:
        value: A value; a ready ``Literal`` passes through unchecked. For blobs, schemas and
            structured datasets a URI will do, or flytekit's own object (``FlyteFile``, …).
        declared: The type it is declared to have; without one it is inferred.
        where: How an error names the value.

    Raises:
        RegistrationError: The value does not fit its type, or Flyte has no type for it.

    Example:
        >>> from flyte_testkit.literals import literal_type
        >>> literal(1, literal_type(float)).scalar.primitive.float_value
        1.0
        >>> literal("x", literal_type(float), where="output 'auc'")
        Traceback (most recent call last):
        flyte_testkit.errors.RegistrationError: output 'auc' is declared float, but 'x' is a str: \
give it a float.
    """
    ready = ready_literal(value)
    if ready is not None:
        return ready
    if declared is None:
        try:
            declared = infer_type(value)
        except RegistrationError as error:
            raise RegistrationError(f"{where}: {error}") from error
    convert = _CONVERTERS.get(str(declared.WhichOneof("type")))
    if convert is None:
        raise RegistrationError(f"{where} is declared without a type, so nothing fits it.")
    return convert(value, declared, where)


def literal_map(
    values: Mapping[str, object],
    declared: Mapping[str, types_pb2.LiteralType] | None = None,
    *,
    of: str = "value",
) -> literals_pb2.LiteralMap:
    """Return the literals of named values.

    Args:
        values: What to convert, by name.
        declared: The types by name; None if nothing is declared, and then all are inferred.
        of: What an error calls one of them: ``"output"``, ``"input"``.

    Raises:
        RegistrationError: A name is not declared, or a value does not fit its type.

    Example:
        >>> from flyte_testkit.literals import literal_type
        >>> literal_map({"auk": 1.0}, {"auc": literal_type(float)}, of="output")
        Traceback (most recent call last):
        flyte_testkit.errors.RegistrationError: output 'auk' is not declared; declared: 'auc'. \
Did you mean 'auc'?
    """
    literals = {}
    for name, value in values.items():
        if declared is not None and name not in declared:
            known = ", ".join(map(repr, declared)) or "nothing"
            raise RegistrationError(
                f"{of} {name!r} is not declared; declared: {known}.{close_names(name, declared)}"
            )
        wanted = None if declared is None else declared[name]
        literals[name] = literal(value, wanted, where=f"{of} {name!r}")
    return literals_pb2.LiteralMap(literals=literals)


def _refuse(
    value: object, declared: types_pb2.LiteralType, where: str, advice: str = ""
) -> NoReturn:
    name = describe(declared)
    wanted = _a(name) if declared.WhichOneof("type") == "simple" and name != "None" else name
    kind = "is given" if value is None else f"is {_a(type(value).__name__)}"
    raise RegistrationError(
        f"{where} is declared {name}, but {shown(value)} {kind}: {advice or f'give it {wanted}'}."
    )


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _simple(value: object, declared: types_pb2.LiteralType, where: str) -> literals_pb2.Literal:
    try:
        made = simple_literal(value, declared)
    except ValueError as error:
        raise RegistrationError(
            f"{where} is declared {describe(declared)}, but {shown(value)} is given: {error}."
        ) from error
    if made is not None:
        wrong = misfit(value, declared, where) if declared.simple == types_pb2.STRUCT else None
        if wrong is not None:
            raise RegistrationError(wrong)
        return made
    advice = ""
    if value is None:
        advice = f"declare it {describe(declared)} | None"
    elif declared.simple == types_pb2.INTEGER and isinstance(value, float):
        advice = "round it, or declare it float"
    elif declared.simple == types_pb2.DATETIME and isinstance(value, str):
        advice = "parse it with datetime.fromisoformat"
    _refuse(value, declared, where, advice)


def _enum(value: object, declared: types_pb2.LiteralType, where: str) -> literals_pb2.Literal:
    text = value.value if isinstance(value, enum.Enum) else value
    if not isinstance(text, str):
        _refuse(value, declared, where, "give it one of them")
    if text not in declared.enum_type.values:
        near = close_names(text, declared.enum_type.values)
        raise RegistrationError(
            f"{where} is declared {describe(declared)}, but {shown(value)} is none of these.{near}"
        )
    return text_literal(text)


def _collection(value: object, declared: types_pb2.LiteralType, where: str) -> literals_pb2.Literal:
    if not isinstance(value, (list, tuple)):
        _refuse(value, declared, where)
    elements = [
        literal(element, declared.collection_type, where=f"{where}[{index}]")
        for index, element in enumerate(value)
    ]
    return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=elements))


def _map(value: object, declared: types_pb2.LiteralType, where: str) -> literals_pb2.Literal:
    if not isinstance(value, dict):
        _refuse(value, declared, where)
    wrong = [key for key in value if not isinstance(key, str)]
    if wrong:
        raise RegistrationError(
            f"{where} is declared {describe(declared)}, but has the key {shown(wrong[0])}: "
            f"give it texts as keys, or declare it dict."
        )
    elements = {
        key: literal(element, declared.map_value_type, where=f"{where}[{key!r}]")
        for key, element in value.items()
    }
    return literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=elements))


def _union(value: object, declared: types_pb2.LiteralType, where: str) -> literals_pb2.Literal:
    fitting: list[tuple[types_pb2.LiteralType, literals_pb2.Literal]] = []
    problems = []
    for variant in declared.union_type.variants:
        try:
            fitting.append((variant, literal(value, variant, where=where)))
        except RegistrationError as error:
            if variant.simple != types_pb2.NONE or not variant.HasField("simple"):
                problems.append(error)
    if not fitting and len(problems) == 1 and _is_of_fields(value):
        raise problems[0]  # T | None: what is wrong with it as a T is what helps
    if not fitting:
        _refuse(value, declared, where, "give it one of these")
    if len(fitting) > 1:
        fitting = [pair for pair in fitting if _is_own(value, pair[0])]
    if len(fitting) != 1:
        raise RegistrationError(
            f"{where} is declared {describe(declared)}, and {shown(value)} fits more than one of "
            "these: pass a ready Literal."
        )
    variant, content = fitting[0]
    union = literals_pb2.Union(value=content, type=variant)
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=union))


def _is_of_fields(value: object) -> bool:
    return isinstance(value, dict) or is_record(type(value))


def _is_own(value: object, variant: types_pb2.LiteralType) -> bool:
    """Say whether a variant that fits is the value's own: not an int's float, or a text's enum."""
    if isinstance(value, (list, tuple)):
        return _bare(infer_type(value)) == _bare(variant)
    if variant.structure.tag:
        return variant.structure.tag == tag_of(type(value))
    return _bare(infer_type(value)) == _bare(variant)


def _bare(declared: types_pb2.LiteralType) -> types_pb2.LiteralType:
    bare = types_pb2.LiteralType()
    bare.CopyFrom(declared)
    for decoration in ("metadata", "annotation", "structure"):
        bare.ClearField(decoration)
    return bare


def _reference(value: object, declared: types_pb2.LiteralType, where: str) -> literals_pb2.Literal:
    return reference_literal(_uri(value, declared, where), declared, reference_of(value))


def _uri(value: object, declared: types_pb2.LiteralType, where: str) -> str:
    reference = reference_of(value)
    if reference is None:
        if not isinstance(value, str):
            _refuse(value, declared, where, "give it the URI, as a str")
        return value
    if not reference.fits(declared):
        _refuse(value, declared, where, f"this is a {reference.kind}")
    if reference.uri is None:
        _refuse(value, declared, where, "it lies nowhere yet, so give it a uri")
    return reference.uri


_CONVERTERS: dict[str, Converter] = {
    "simple": _simple,
    "enum_type": _enum,
    "collection_type": _collection,
    "map_value_type": _map,
    "union_type": _union,
    "blob": _reference,
    "schema": _reference,
    "structured_dataset_type": _reference,
}
