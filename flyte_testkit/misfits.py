"""Why a script or an input does not fit what is registered, in words.

Ignorant of what is registered: it is handed what was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit import literals
from flyte_testkit.errors import RegistrationError, RouteError, close_names, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.definitions import Definition
    from flyte_testkit.guesses import Guess
    from flyte_testkit.launches import Criteria

__all__ = ["check_inputs", "no_version", "not_added", "places", "unregistered"]


def check_inputs(criteria: Criteria, found: Sequence[Definition]) -> None:
    """Refuse inputs that no launch of any version can have; the latest one is told of.

    Raises:
        RouteError: An input is not declared, cannot have this value, or is fixed to another one.
    """
    problems = [_problem(criteria, definition) for definition in reversed(found)]
    if all(problems):
        raise RouteError(f"{criteria} fits no launch: {problems[0]}")


def _problem(criteria: Criteria, definition: Definition) -> str:
    for key, value in criteria.inputs or ():
        try:
            wanted = literals.literal_map({key: value}, definition.inputs, of="input")
        except RegistrationError as error:
            return str(error)
        fixed = definition.fixed.get(key)
        if fixed is not None and literals.form(fixed) != literals.form(wanted.literals[key]):
            return f"the launch plan fixes {key!r} to {shown(literals.python_value(fixed))}."
    return ""


def unregistered(name: str, guess: Guess) -> str:
    """Say that a name has a stub alone, which may lack inputs."""
    inputs = ", ".join(map(repr, guess.inputs))
    known = f"{inputs} is all that is known" if inputs else "nothing is known"
    return (
        f"{name!r} was never registered, so {known} of its inputs.\n"
        f"If the code launches it with others, say so: register({name!r}, inputs={{…}})."
    )


def not_added(name: str, known: ExecutionRow | None, refusal: str) -> str:
    """Say that an execution cannot be added: another one has its name, or FlyteAdmin refuses."""
    if known is not None:
        where = f"project {known.execution_project!r}, domain {known.execution_domain!r}"
        refusal = f"since {known.created_at} there is {name!r} in {where}; it is {known.phase}."
    return (
        f"add_execution({name!r}, …) is refused: {refusal}\n"
        "A name is lower-case letters, digits and dashes, and taken once and for all."
    )


def no_version(name: str, version: str, known: Sequence[str]) -> str:
    """Say that a version is not there, and which are."""
    shortened = ["…", *map(repr, known[-5:])] if len(known) > 5 else map(repr, known)
    return (
        f"there is no version {version!r} of {name!r}; there is {', '.join(shortened)}."
        f"{close_names(version, known)}"
    )


def places(found: Iterable[tuple[str, str]]) -> str:
    """Return projects with their domains, for a sentence."""
    return " and ".join(f"{project}/{domain}" for project, domain in found)
