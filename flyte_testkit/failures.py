"""Errors of executions, worded as a real engine words them.

A :class:`Failure` is what FlyteAdmin shows as ``closure.error``: a message, a code and a kind. The
functions of this module make those that clusters really produce, so that code under test which
looks for ``"OOMKilled"`` meets the very text that it meets in production. Each function's words
come from a recorded run.

To add one: a function beside :func:`oom_killed`, its name in ``__all__`` and, if it takes no
arguments, in :data:`BUILDERS`, which lets the one-line form of a timeline call it by name.

This module is ignorant of timelines, time and protobuf.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, final, get_args

from flyte_testkit.errors import TimelineError, close_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["BUILDERS", "ErrorKind", "Failure", "oom_killed"]

ErrorKind = Literal["USER", "SYSTEM", "UNKNOWN"]

USER_ERROR: Final = "USER:RuntimeError"
"""The code of every Python exception that a task lets out, whatever its class: flytekit's own."""

KINDS: Final[tuple[ErrorKind, ...]] = get_args(ErrorKind)
POD: Final = "{pod}"


@final
@dataclass(frozen=True, slots=True, repr=False)
class Failure:
    """Why an execution failed: what ``closure.error`` will say.

    Left to its defaults a failure is an exception in a task of the user, which flytekit reports
    with the code ``USER:RuntimeError`` whatever the exception's class, and the kind ``USER``.

    The text ``{pod}`` in a message stands for the name of the pod, which holds the name of the
    execution and so is known only when the failure is played; see :meth:`worded_for`.

    Attributes:
        message: The text. Keep it short of 8 KiB if it is to travel in a status.
        code: What alerts and dashboards group by. May be empty, as for a failed map item.
        kind: Whose fault it is: ``USER``, ``SYSTEM`` or ``UNKNOWN``.

    Raises:
        TimelineError: A part is no text that FlyteAdmin could store, or the kind does not exist.

    Example:
        >>> Failure("disk full", kind="SYSTEM")
        failures.Failure('disk full', kind='SYSTEM')
    """

    message: str
    _: KW_ONLY
    code: str = USER_ERROR
    kind: ErrorKind = "USER"
    _call: str = field(default="", init=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what FlyteAdmin could not store."""
        check_text("the message of a failure", self.message)
        check_text("the code of a failure", self.code, column=True)
        if self.kind not in KINDS:
            near = close_names(str(self.kind).upper(), KINDS)
            raise TimelineError(
                f"{self.kind!r} is not a kind of error.{near}\nKinds are {', '.join(KINDS)}."
            )

    def __repr__(self) -> str:
        if self._call:
            return f"failures.{self._call}"
        code = "" if self.code == USER_ERROR else f", code={self.code!r}"
        kind = "" if self.kind == "USER" else f", kind={self.kind!r}"
        return f"failures.Failure({self.message!r}{code}{kind})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))

    @property
    def builder(self) -> str | None:
        """The name in :data:`BUILDERS` of the function that made this failure, if there is one."""
        return self._call.removesuffix("()") if self._call.endswith("()") else None

    def worded_for(self, execution_name: str, *, node_id: str = "n0", attempt: int = 0) -> Failure:
        """Return this failure with ``{pod}`` filled in, as that execution would report it.

        A pod is called ``<execution>-<node>-<attempt>``. Only the exact text ``{pod}`` is
        replaced; other braces stay as they are.

        Args:
            execution_name: The name in the execution's identifier.
            node_id: The id of the node whose pod failed.
            attempt: Which attempt of that node it was, counted from 0.

        Example:
            >>> Failure("[{pod}] is gone {sic}").worded_for("nightly-1").message
            '[nightly-1-n0-0] is gone {sic}'
        """
        if POD not in self.message:
            return self
        pod = f"{execution_name}-{node_id}-{attempt}"
        return replace(self, message=self.message.replace(POD, pod))


def oom_killed() -> Failure:
    r"""Return the failure of an execution whose only attempt was killed for its memory.

    It is the workflow's error. The engine wraps the pod's: the code ``OOMKilled`` becomes
    ``RetriesExhausted|OOMKilled``, and the kind is ``USER`` (more memory is the user's to ask for).

    Example:
        >>> oom_killed()
        failures.oom_killed()
        >>> oom_killed().code
        'RetriesExhausted|OOMKilled'
        >>> oom_killed().worded_for("nightly-1").message.splitlines()[1]
        '[nightly-1-n0-0] terminated with exit code (137). Reason [OOMKilled]. Message: '
    """
    return _spelled(
        "oom_killed()",
        Failure(
            "[1/1] currentAttempt done. Last Error: USER::"
            "Pod failed. No message received from kubernetes.\r\n"
            f"[{POD}] terminated with exit code (137). Reason [OOMKilled]. Message: \n.",
            code="RetriesExhausted|OOMKilled",
        ),
    )


BUILDERS: Final[Mapping[str, Callable[[], Failure]]] = MappingProxyType({"oom_killed": oom_killed})
"""The failures that need no arguments, by name."""


def check_text(what: str, value: object, *, column: bool = False) -> None:
    """Refuse a value that is no text, or one that neither protobuf nor a column could hold.

    Args:
        what: How to call the value in the error.
        value: The value.
        column: Whether FlyteAdmin also keeps it in a column of its database, which cannot
            hold a NUL.

    Raises:
        TimelineError: The value cannot be what it should be.
    """
    if not isinstance(value, str):
        raise TimelineError(f"{what} is text, not {value!r}. Write it in quotes.")
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise TimelineError(
            f"{what}, {value!r}, holds half of a surrogate pair, which no protobuf message can"
            " carry. Write the whole character."
        )
    if column and "\0" in value:
        raise TimelineError(
            f"{what}, {value!r}, holds a NUL, which FlyteAdmin's database refuses. Leave it out."
        )


def _spelled(call: str, failure: Failure) -> Failure:
    """Let a failure print as the call that made it; any change to it prints in full again."""
    object.__setattr__(failure, "_call", call)
    return failure
