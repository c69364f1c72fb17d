"""Identifiers, and the names that executions may and may not have.

Ignorant of nodes and attempts, whose identifiers are built on these elsewhere.
"""

from __future__ import annotations

import string
from itertools import product
from typing import Final, Literal, get_args

from flyteidl.core import identifier_pb2
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit.admin.go.letters import lowered
from flyte_testkit.errors import close_names, suggests_keywords
from flyte_testkit.strategies._arguments import check_bool, check_name

__all__ = [
    "DOMAINS",
    "EVERY_PROJECT",
    "NAMES",
    "PROJECTS",
    "ResourceType",
    "draw_execution_id",
    "execution_id",
    "execution_names",
    "identifiers",
]

ResourceType = Literal["TASK", "WORKFLOW", "LAUNCH_PLAN", "DATASET"]

EVERY_PROJECT: Final = ("flytesnacks", "flyteexamples", "p", "machine-learning-2")
PROJECTS: Final = st.sampled_from(EVERY_PROJECT)
_DOMAINS: Final = ("development", "staging", "production")
DOMAINS: Final = st.sampled_from(_DOMAINS)
_PLACES: Final = st.sampled_from(tuple(product(EVERY_PROJECT, _DOMAINS)))

_TYPES: Final[tuple[ResourceType, ...]] = get_args(ResourceType)
_FIRST: Final = string.ascii_lowercase
_LETTERS: Final = string.ascii_lowercase + string.digits + "-"
_MIXED: Final = string.ascii_letters + string.digits + "-"
_LONGEST: Final = 63
_TO_LETTERS: Final = str.maketrans(string.digits + "-", "abcdefghijk")
_KELVIN: Final = "\N{KELVIN SIGN}"  # lower-cased it is a plain k, and FlyteAdmin lower-cases first

_TEXT: Final = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40
)
_ENTITY_NAMES: Final = st.one_of(
    st.sampled_from(("flows.train", "flows.etl.load_all", "train", ".flytegen.flows.train")), _TEXT
)
_VERSIONS: Final = st.one_of(
    st.sampled_from(("v1", "v2", "0.1.0", "Qm8zR1xq2vJt5aHc-kP_dg")), _TEXT
)


@suggests_keywords
def identifiers(
    *,
    resource_type: ResourceType | None = None,
    project: str | None = None,
    domain: str | None = None,
) -> st.SearchStrategy[identifier_pb2.Identifier]:
    """Generate identifiers of tasks, workflows, launch plans and data sets.

    Names and versions are often such as flytekit makes, and sometimes what FlyteAdmin takes all the
    same: blanks, slashes, quotes, line ends, any script. Projects and domains are ordinary ones.

    Shrinks to a task ``flows.train`` of version ``v1`` in flytesnacks, development.

    Args:
        resource_type: ``"TASK"``, ``"WORKFLOW"``, ``"LAUNCH_PLAN"`` or ``"DATASET"``; any of them
            by default.
        project: The project of all of them.
        domain: The domain of all of them.

    Raises:
        InvalidArgument: There is no such type, or a text is empty.

    Example:
        >>> from flyte_testkit.strategies import as_code
        >>> from hypothesis import find
        >>> print(as_code(find(identifiers(resource_type="LAUNCH_PLAN"), lambda _: True)))
        flyteidl.core.identifier_pb2.Identifier(
            resource_type='LAUNCH_PLAN',
            project='flytesnacks',
            domain='development',
            name='flows.train',
            version='v1',
        )
    """
    if resource_type is not None and resource_type not in _TYPES:
        near = close_names(str(resource_type).upper(), _TYPES)
        raise InvalidArgument(
            f"identifiers(resource_type={resource_type!r}): there is no such type.{near}"
            f"\nTypes are {', '.join(_TYPES)}; leave it out to draw any of them."
        )
    for name, value in (("project", project), ("domain", domain)):
        if value is not None:
            check_name("identifiers", name, value)
    return _identifiers(resource_type, project, domain)


@st.composite
def _identifiers(
    draw: st.DrawFn, resource_type: str | None, project: str | None, domain: str | None
) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(
        resource_type=resource_type or draw(_ANY_TYPE),
        project=project or draw(PROJECTS),
        domain=domain or draw(DOMAINS),
        name=draw(_ENTITY_NAMES),
        version=draw(_VERSIONS),
    )


_ANY_TYPE: Final = st.sampled_from(_TYPES)


@suggests_keywords
def execution_names(*, legal: bool = True) -> st.SearchStrategy[str]:
    """Generate names that FlyteAdmin accepts for an execution, or such as it refuses.

    Accepted are a letter and then letters, digits and hyphens, 63 at most; FlyteAdmin looks at a
    lower-cased copy, so capitals pass, and so does the Kelvin sign. Refused are all others but the
    empty one, for which FlyteAdmin makes up a name.

    Shrinks to ``a``; with ``legal=False`` to ``0``.

    Args:
        legal: False for those that FlyteAdmin refuses with INVALID_ARGUMENT.

    Raises:
        InvalidArgument: ``legal`` is neither True nor False.

    Example:
        >>> from hypothesis import find
        >>> find(execution_names(), lambda name: len(name) > 5)
        'a00000'
    """
    check_bool("execution_names", "legal", legal)
    return NAMES if legal else _REFUSED


def execution_id(
    project: str, domain: str, name: str
) -> identifier_pb2.WorkflowExecutionIdentifier:
    """Return the identifier of an execution."""
    return identifier_pb2.WorkflowExecutionIdentifier(project=project, domain=domain, name=name)


def draw_execution_id(
    draw: st.DrawFn, *, named: bool = True
) -> identifier_pb2.WorkflowExecutionIdentifier:
    """Draw the identifier of an execution.

    Args:
        draw: What a composite strategy draws with.
        named: False if the name only shows in addresses, where one is as good as another.
    """
    name = draw(NAMES) if named else "a6xq5kzt2wbnv8fd7cgm"  # apart from places: it shrinks so
    return execution_id(*draw(_PLACES), name)


def _begun(text: str) -> str:
    """Let a name begin with a letter, ``0`` becoming ``a``."""
    return text[0].translate(_TO_LETTERS) + text[1:]


NAMES: Final = st.one_of(
    st.text(_LETTERS, min_size=1, max_size=10).map(_begun),
    st.text(_LETTERS, min_size=1, max_size=_LONGEST).map(_begun),
    st.text(_LETTERS, min_size=_LONGEST, max_size=_LONGEST).map(_begun),
    st.text("bcdfghjklmnpqrstvwxz2456789", min_size=19, max_size=19).map(lambda text: "a" + text),
    st.text(_MIXED, min_size=1, max_size=_LONGEST).map(_begun),
    st.text(_LETTERS, max_size=8).map(lambda text: _KELVIN + text),
)
"""Names that FlyteAdmin accepts."""

_REFUSED: Final = st.one_of(
    st.text(_LETTERS, max_size=8).map(lambda text: "0" + text),
    st.text(_LETTERS, max_size=8).map(lambda text: "-" + text),
    st.tuples(
        st.sampled_from(_FIRST),
        st.text(_LETTERS, max_size=8),
        st.one_of(
            st.sampled_from("_. /\n\t:ßé\0"),
            st.characters(codec="utf-8").filter(lambda letter: lowered(letter) not in _LETTERS),
        ),
        st.text(_LETTERS, max_size=8),
    ).map("".join),
    st.text(_LETTERS, max_size=8).map(lambda text: f"a{text}\n"),  # a regex with $ lets it pass
    st.text(_LETTERS, min_size=_LONGEST, max_size=_LONGEST + 40).map(lambda text: "a" + text),
)
