"""Which launches a route answers, and which of two routes is the more particular one.

Inputs are compared as they are sent: a value becomes the literal that a client would send for it
where this type is declared, so an enum, a dataclass or a date matches itself, and True is not 1.
Ignorant of scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flyte_testkit import literals
from flyte_testkit.errors import RegistrationError, RouteError, shown

if TYPE_CHECKING:
    from collections.abc import Hashable

    from flyte_testkit.launches._launch import Launch

__all__ = ["Criteria"]

_NEVER = object()  # what is equal to no input


@dataclass(frozen=True)
class Criteria:
    """Which launches a route answers; what is None does not matter."""

    entity: str | None
    version: str | None = None
    inputs: tuple[tuple[str, Any], ...] | None = None
    name: str | None = None
    project: str | None = None
    domain: str | None = None
    _forms: dict[tuple[str, bytes], Hashable] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def checked(
        cls,
        entity: str | None,
        *,
        version: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        name: str | None = None,
        project: str | None = None,
        domain: str | None = None,
    ) -> Criteria:
        """Return criteria, all of which can be such.

        Raises:
            RouteError: One is of a type that it cannot have.
        """
        call = "on_launch(" + ("" if entity is None else f"{entity!r}, ")
        texts = {"version": version, "name": name, "project": project, "domain": domain}
        for what, text in texts.items():
            if text is not None and not (isinstance(text, str) and text):
                example = f"'{text}'" if isinstance(text, int) else "'…'"
                raise RouteError(
                    f"{call}{what}={text!r}): a {what} is a text. Write {what}={example}, "
                    "or leave it out if it does not matter."
                )
        items = None
        if inputs is not None:
            if not isinstance(inputs, Mapping) or not all(isinstance(key, str) for key in inputs):
                raise RouteError(
                    f"{call}inputs={shown(inputs)}): inputs are values by name.\n"
                    "Write inputs={'day': 'monday'}, for example."
                )
            items = tuple(inputs.items())
        return cls(entity, version, items, name, project, domain)

    def fits(self, launch: Launch) -> bool:
        """Say whether a launch is one of these."""
        asked = launch.spec.launch_plan
        return (
            self.entity in {None, asked.name}
            and self.version in {None, asked.version}
            and self.project in {None, asked.project}
            and self.domain in {None, asked.domain}
            and self.name in {None, launch.id.name}
            and all(self._matches(launch, key, value) for key, value in self.inputs or ())
        )

    @property
    def weight(self) -> tuple[bool, int]:
        """How particular these are: of two routes that fit, the more particular one answers.

        The more is asked, the more particular; but any route of an entity is more particular than
        one of whatever is launched.
        """
        parts = (self.version, self.name, self.project, self.domain)
        asked = sum(part is not None for part in parts) + len(self.inputs or ())
        return self.entity is not None, asked

    @property
    def is_general(self) -> bool:
        """Whether they are those of all launches of an entity, or of all there are."""
        return self.weight[1] == 0

    @property
    def placed(self) -> bool:
        """Whether they say where the entity is."""
        return self.project is not None or self.domain is not None

    @property
    def key(self) -> Hashable:
        """What two criteria have in common that ask for the same launches."""
        inputs = None
        if self.inputs is not None:
            inputs = frozenset((key, _key(value)) for key, value in self.inputs)
        return (self.entity, self.version, inputs, self.name, self.project, self.domain)

    def _matches(self, launch: Launch, key: str, value: Any) -> bool:
        sent, told = launch.sent(key)
        if (key, told) not in self._forms:
            try:
                wanted = literals.form(literals.literal(value, launch.type_of(key)))
            except RegistrationError:
                wanted = _NEVER
            self._forms[key, told] = wanted
        return self._forms[key, told] == sent

    def __str__(self) -> str:
        parts = [] if self.entity is None else [repr(self.entity)]
        if self.version is not None:
            parts.append(f"version={self.version!r}")
        if self.inputs is not None:
            inputs = ", ".join(f"{key!r}: {shown(value)}" for key, value in self.inputs)
            parts.append(f"inputs={{{inputs}}}")
        for what, text in (("name", self.name), ("project", self.project), ("domain", self.domain)):
            if text is not None:
                parts.append(f"{what}={text!r}")
        return f"on_launch({', '.join(parts)})"


def _key(value: Any) -> Hashable:
    try:
        return ("says", literals.form(literals.literal(value)))
    except RegistrationError:
        return ("is", type(value), repr(value))
