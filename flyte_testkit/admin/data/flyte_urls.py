"""``flyte://`` URLs, which name the inputs, outputs and decks of nodes and attempts (§18).

Ignorant of whether there is what a URL names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from flyteidl.core import identifier_pb2

from flyte_testkit.admin.errors import AdminError, invalid_argument
from flyte_testkit.admin.go.numbers import atoi

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SCHEME", "FlyteUrl", "parse"]

SCHEME = "flyte://"

_WORD = "[a-zA-Z0-9_-]+"
_RUN = (
    rf"(?P<project>{_WORD})/(?P<domain>{_WORD})/(?P<name>{_WORD})/(?P<node>{_WORD})"
    r"(?:/(?P<attempt>[0-9]+))?"
)
# In the order in which FlyteAdmin tries them. It searches: junk may stand before a match.
_FORMS = tuple(
    re.compile(rf"flyte://v1/{org}{_RUN}/{kind}\Z")
    for org in (rf"org/(?P<org>{_WORD})/", "")
    for kind in ("(?P<kind>[iod])", rf"(?P<kind>[io])/(?P<literal>{_WORD})")
)


@dataclass(frozen=True)
class FlyteUrl:
    """What a URL names.

    Attributes:
        node: The node, even where one of its attempts is meant.
        attempt: Which attempt, or None for the node itself.
        kind: Inputs (``i``), outputs (``o``) or the deck (``d``).
        literal: The one literal that is wanted; empty for all.
    """

    node: identifier_pb2.NodeExecutionIdentifier
    attempt: int | None
    kind: Literal["i", "o", "d"]
    literal: str


def parse(url: str) -> FlyteUrl:
    """Read a URL.

    Raises:
        AdminError: FlyteAdmin does not know such a form; what has a dot in it has none.

    Example:
        >>> parse("flyte://v1/p/development/e1/n0/1/o/y").attempt
        1
    """
    found = next(_matches(url), None)
    if found is None:
        raise _unreadable(f"failed to parse [{url}]")
    parts = found.groupdict()
    return FlyteUrl(
        identifier_pb2.NodeExecutionIdentifier(
            node_id=parts["node"],
            execution_id=identifier_pb2.WorkflowExecutionIdentifier(
                project=parts["project"],
                domain=parts["domain"],
                name=parts["name"],
                org=parts.get("org") or "",
            ),
        ),
        _attempt(parts["attempt"]),
        cast("Literal['i', 'o', 'd']", parts["kind"]),
        parts.get("literal") or "",
    )


def _matches(url: str) -> Iterator[re.Match[str]]:
    return (found for form in _FORMS if (found := form.search(url)))


def _attempt(digits: str | None) -> int | None:
    if digits is None:
        return None
    number = atoi(digits)
    if number is None:
        raise _unreadable(
            f'failed to parse attempt [{digits}], strconv.Atoi: parsing "{digits}": '
            "value out of range"
        )
    return number % 2**32


def _unreadable(complaint: str) -> AdminError:
    return invalid_argument(f"failed to parse artifact url Error: {complaint}")
