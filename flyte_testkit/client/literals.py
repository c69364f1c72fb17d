"""``LiteralsResolver``: inputs and outputs by name, read as Python values when they are asked for.

It is ignorant of where the literals came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from flyte_testkit.client._reading import guess, plain, shape
from flyte_testkit.client.exceptions import TypeTransformerFailedError
from flyte_testkit.errors import close_names, cut, shown

if TYPE_CHECKING:
    from flyte_testkit.client.models import Literal, Variable

__all__ = ["LiteralsResolver"]


class _HasOutputs(Protocol):
    @property
    def outputs(self) -> Mapping[str, Any]: ...


class LiteralsResolver(Mapping[str, Any]):
    """Inputs or outputs by name, converted to Python when read, and once.

    ``resolver["auc"]`` reads the type that the interface declares; ``resolver.get("auc",
    as_type=Metrics)`` reads a type of yours. flytekit's reading habits hold: a missing key is a
    ``ValueError`` by ``[...]`` and an ``AttributeError`` by ``get``.

    Args:
        literals: The literals by name.
        variable_map: What the interface declares for them. A literal without a declared type is
            read by what it says itself (flytekit refuses it).

    Example:
        >>> from flyteidl.core import literals_pb2
        >>> from flyte_testkit.client.models import Literal
        >>> auc = literals_pb2.Literal(scalar={"primitive": {"float_value": 0.91}})
        >>> LiteralsResolver({"auc": Literal.from_flyte_idl(auc)})["auc"]
        0.91
    """

    def __init__(
        self,
        literals: Mapping[str, Literal],
        variable_map: Mapping[str, Variable] | None = None,
    ) -> None:
        self._literals = dict(literals)
        self._variable_map = variable_map
        self._type_hints: dict[str, object] = {}
        self._native: dict[str, Any] = {}

    @property
    def literals(self) -> Mapping[str, Literal]:
        """The literals as they came."""
        return self._literals

    @property
    def variable_map(self) -> Mapping[str, Variable] | None:
        """What the interface declares."""
        return self._variable_map

    @property
    def native_values(self) -> Mapping[str, Any]:
        """The values that have been read so far."""
        return self._native

    def update_type_hints(self, type_hints: Mapping[str, object]) -> None:
        """Read these keys as these types from now on."""
        self._type_hints.update(type_hints)

    def get_literal(self, key: str) -> Literal:
        """Return one literal as it came.

        Raises:
            ValueError: There is none by that name.
        """
        if key not in self._literals:
            raise ValueError(self._missing(key))
        return self._literals[key]

    def __getitem__(self, key: str) -> Any:
        self.get_literal(key)
        return self.get(key)

    def get(self, attr: str, as_type: object = None) -> Any:
        """Return one value, as the type given, hinted or declared.

        The first reading of a key decides: later ones return the same value.

        Raises:
            AttributeError: There is none by that name.
            TypeTransformerFailedError: It is not of that type.
        """
        if attr not in self._literals:
            raise AttributeError(self._missing(attr))
        if attr not in self._native:
            wanted = as_type or self._type_hints.get(attr) or self._declared(attr)
            self._native[attr] = shape(self._plain(attr), wanted)
        return self._native[attr]

    def _plain(self, key: str) -> Any:
        try:
            return plain(self._literals[key].to_flyte_idl())
        except TypeTransformerFailedError:
            raise
        except ValueError as error:
            raise TypeTransformerFailedError(
                f"{key!r} cannot be read as a Python value: {error}. "
                f"The literal itself is get_literal({key!r}).to_flyte_idl()."
            ) from error

    def as_python_native(self, python_interface: _HasOutputs) -> Any:
        """Return the values as the function would have: ``None``, one value, or a tuple.

        Args:
            python_interface: Anything with ``outputs``, a mapping of names to Python types in
                the function's order, as flytekit's ``Interface`` has.
        """
        if not self._literals:
            return None
        outputs = python_interface.outputs
        values = tuple(self.get(name, as_type=outputs[name]) for name in outputs)
        return values[0] if len(values) == 1 else values

    def _declared(self, key: str) -> Any:
        if self._variable_map and key in self._variable_map:
            return guess(self._variable_map[key].type.to_flyte_idl())
        return Any

    def _missing(self, key: str) -> str:
        known = list(self._literals)
        hint = close_names(key, known)
        return f"Key {shown(key)} is not in the literal map, which has {shown(known)}.{hint}"

    def __contains__(self, key: object) -> bool:
        return key in self._literals

    def __iter__(self) -> Iterator[str]:
        return iter(self._literals)

    def __len__(self) -> int:
        return len(self._literals)

    def __repr__(self) -> str:
        pairs = ", ".join(f"{key!r}: {shown(self._shown(key))}" for key in self._literals)
        return cut(f"{type(self).__name__}({{{pairs}}})", 20_000)

    def _shown(self, key: str) -> object:
        """Return what a repr can show of a value without reading it from elsewhere."""
        if key in self._native:
            return self._native[key]
        try:
            return plain(self._literals[key].to_flyte_idl(), fetch=_stay)
        except (LookupError, TypeTransformerFailedError, ValueError):
            return ...


def _stay(url: str) -> bytes:
    raise LookupError(url)
