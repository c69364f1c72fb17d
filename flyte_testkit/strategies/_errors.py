"""Errors of executions, nodes and tasks, from the ordinary to what nobody tidied.

Ignorant of what has failed: the same errors do for all three.
"""

from __future__ import annotations

from typing import Final, get_args

from flyteidl.core import execution_pb2 as core
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit.errors import close_names, suggests_keywords
from flyte_testkit.failures import USER_ERROR, ErrorKind, Failure
from flyte_testkit.strategies import _times
from flyte_testkit.strategies._arguments import at_least
from flyte_testkit.strategies._drawing import RARELY
from flyte_testkit.strategies._error_texts import CODES, REALISTIC, WRAPPERS

__all__ = ["ERRORS", "TEXTS", "ErrorKind", "error_message", "execution_errors", "failures"]

_KINDS: Final[tuple[ErrorKind, ...]] = get_args(ErrorKind)
_POD_NAME: Final = "a6xq5kzt2wbnv8fd7cgm-n0-0"
_GIANT: Final = 65_536
_UNITS: Final = ("x", "Traceback line\n", "ß", "\N{PILE OF POO}", "\x00")
_SHARES: Final = (1, 2, 8, 64)

TEXTS: Final = st.text(max_size=30)
"""Short texts of any character that protobuf carries."""

STORABLE: Final = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
"""Short texts that FlyteAdmin's database takes too: without a NUL."""


@suggests_keywords
def execution_errors(
    *, kind: ErrorKind | None = None, max_size: int = _GIANT
) -> st.SearchStrategy[core.ExecutionError]:
    r"""Generate errors (``core.ExecutionError``) such as FlyteAdmin shows in its closures.

    Among them are those that clusters really produce (a table of out-of-memory deaths,
    evictions, bad images, time-outs and their kin), codes bare and wrapped
    (``RetriesExhausted|USER:NotReady``), and messages that are empty, of many lines, of foreign
    scripts, with escapes of terminals, or giant.

    They shrink to what is ordinary: kind ``USER``, code ``USER:RuntimeError`` and a message of one
    letter. So an example that still has an odd code, an odd kind or no message at all is one where
    this very thing matters.

    Args:
        kind: ``"USER"``, ``"SYSTEM"`` or ``"UNKNOWN"``; any of them by default.
        max_size: The most characters of a message. Above 8 KiB an error no longer fits in the
            status of a call, above 4 MiB no longer in a message; real servers store 2 MiB and more.

    Raises:
        InvalidArgument: There is no such kind, or the size is no size.

    Example:
        >>> from flyte_testkit.strategies import as_code
        >>> from hypothesis import find
        >>> print(as_code(find(execution_errors(), lambda error: True)))
        flyteidl.core.execution_pb2.ExecutionError(
            code='USER:RuntimeError',
            message='0',
            kind='USER',
        )
    """
    at_least("execution_errors", "max_size", max_size, 0)
    if kind is not None and kind not in _KINDS:
        near = close_names(str(kind).upper(), _KINDS)
        raise InvalidArgument(
            f"execution_errors(kind={kind!r}): errors have no such kind.{near}"
            f"\nKinds are {', '.join(_KINDS)}; leave it out to draw any of them."
        )
    return _errors(kind, max_size, _messages(max_size))


@st.composite
def _errors(
    draw: st.DrawFn,
    kind: ErrorKind | None,
    max_size: int,
    messages: st.SearchStrategy[str],
) -> core.ExecutionError:
    form = draw(_FORMS)
    if form == "plain":
        error = core.ExecutionError(code=USER_ERROR, message=draw(_PLAIN)[:max_size], kind="USER")
    elif form == "realistic":
        error = error_message(draw(_REALISTIC), _POD_NAME)
        error.message = error.message[:max_size]
    else:
        error = core.ExecutionError(
            code=draw(_ANY_CODE), message=draw(messages), kind=draw(_ANY_KIND)
        )
    if kind is not None:
        error.MergeFrom(core.ExecutionError(kind=kind))
        if kind == "UNKNOWN":  # the default, which a merge leaves alone
            error.ClearField("kind")
    if draw(RARELY):  # flytekit's error files know when it happened
        error.timestamp.CopyFrom(_times.stamp(draw(_times.MOMENTS)))
    return error


def failures(*, max_size: int = 200) -> st.SearchStrategy[Failure]:
    """Generate failures for scripts: realistic ones, odd codes and kinds, odd messages.

    Shrinks to an ordinary exception with a message of one letter.
    """
    return st.one_of(
        _PLAIN.map(Failure),
        st.sampled_from(REALISTIC),
        st.builds(
            lambda message, code, kind: Failure(message, code=code, kind=kind),
            _messages(max_size),
            _ANY_CODE,
            _ANY_KIND,
        ),
    )


def error_message(failure: Failure, pod: str) -> core.ExecutionError:
    """Return a failure as the message that carries it."""
    message = failure.message.replace("{pod}", pod)
    return core.ExecutionError(code=failure.code, message=message, kind=failure.kind)


def _messages(max_size: int) -> st.SearchStrategy[str]:
    giants = st.builds(
        lambda unit, share: unit * (max_size // share // len(unit)),
        st.sampled_from(_UNITS),
        st.sampled_from(_SHARES),
    )
    lines = st.lists(TEXTS, max_size=4).map("\n".join)
    return st.one_of(TEXTS, lines, giants).map(lambda text: text[:max_size])


_FORMS: Final = st.sampled_from(("plain", "realistic", "odd", "odd"))
_PLAIN: Final = st.text(min_size=1, max_size=30)
_REALISTIC: Final = st.sampled_from(REALISTIC)
_ANY_KIND: Final = st.sampled_from(_KINDS)
_WRAPPED: Final = st.one_of(
    st.just(USER_ERROR),
    st.tuples(st.sampled_from(WRAPPERS), st.sampled_from(CODES)).map("".join),
)
_ANY_CODE: Final = st.one_of(_WRAPPED, STORABLE)

ERRORS: Final = execution_errors()
"""Any error that a server may show."""
