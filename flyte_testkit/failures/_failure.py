"""The value that a failure is: a message, a code and a kind, and how it prints.

Ignorant of which failures there are.
"""

from __future__ import annotations

import enum
import inspect
import re
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, final, get_args

from flyte_testkit.errors import TimelineError, close_names, shown, suggests_keywords
from flyte_testkit.propeller.names import child_name, pod_name
from flyte_testkit.propeller.wording import (
    RECOVERABLE,
    SYSTEM_RETRIES,
    ErrorKind,
    Worded,
    exhausted,
    unwrapped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "KINDS",
    "USER_ERROR",
    "ErrorKind",
    "Failure",
    "check_text",
    "code_text",
    "engines",
    "spelled",
]

USER_ERROR: Final = "USER:RuntimeError"
"""The code of every Python exception that a task lets out, whatever its class: flytekit's own."""

KINDS: Final[tuple[ErrorKind, ...]] = get_args(ErrorKind)
_COUNTED: Final = re.compile(r"\[(\d+)/")
_ATTEMPT: Final = re.compile(r"\{pod\.\d+\}")
_NAMES: Final = re.compile(r"\{(?:pod(?:\.(?P<attempt>\d+)|(?P<space>\.namespace))?|node\.child)\}")


@final
@dataclass(frozen=True, slots=True, repr=False)
class Failure:
    """Why an execution failed: what ``closure.error`` will say.

    Left to its defaults a failure is an exception in a task of the user, which flytekit reports
    with the code ``USER:RuntimeError`` whatever the exception's class, and the kind ``USER``.

    Names that hold the name of the execution are known only when a failure is played. Until then
    these texts stand for them in a message:

    * ``{pod}``: the pod's name; ``{pod.3}``: that of attempt 3, whichever fails;
    * ``{pod.namespace}``: the Kubernetes namespace of the pod;
    * ``{node.child}``: the name of the execution that a launch plan node launched.

    Attributes:
        message: The text. Keep it short of 8 KiB if it is to travel in a status.
        code: What alerts and dashboards group by. May be empty, as for a failed map item. A member
            of ``grpc.StatusCode`` stands for its name.
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
        object.__setattr__(self, "code", code_text(self.code))
        if self.kind not in KINDS:
            near = close_names(str(self.kind).upper(), KINDS)
            raise TimelineError(
                f"{shown(self.kind)} is not a kind of error.{near}\nKinds are {', '.join(KINDS)}."
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
    def call(self) -> str | None:
        """The call of this package that made this failure, as code; None if it was written out.

        Example:
            >>> from flyte_testkit import failures
            >>> failures.process_died(exit_code=3).call
            'process_died(exit_code=3)'
        """
        return self._call or None

    @property
    def of_task(self) -> Failure:
        """This failure as the attempt of the task reports it, which nobody has wrapped yet.

        Example:
            >>> from flyte_testkit import failures
            >>> failures.oom_killed().code, failures.oom_killed().of_task.code
            ('RetriesExhausted|OOMKilled', 'OOMKilled')
        """
        last = unwrapped(Worded(self.message, self.code, self.kind))
        if last is None:
            return self
        return Failure(_ATTEMPT.sub("{pod}", last.message), code=last.code, kind=last.kind)

    def of_node(self, retries: int = 0) -> Failure:
        """Return this failure as the node reports it whose last attempt failed so.

        What is final is passed on as it is; what could have been tried again is wrapped, and says
        how often. What the system did is counted apart, to the engine's maximum.

        Args:
            retries: The retries of the task.

        Example:
            >>> from flyte_testkit import failures
            >>> failures.oom_killed().of_node(retries=2).message[:27]
            '[3/3] currentAttempt done. '
            >>> Failure("no disk").of_node(retries=2)
            failures.Failure('no disk')
        """
        last = self.of_task
        if self.budget is None:
            return last
        attempts = SYSTEM_RETRIES if self.budget == "system" else retries + 1
        return engines(exhausted(Worded(last.message, last.code, last.kind), attempts))

    @property
    def budget(self) -> Literal["user", "system"] | None:
        """Which retries an attempt that fails so uses up: the task's own, or the engine's.

        None if it is final: then no engine makes another attempt, whatever the retries. Of an
        exception only the task's error file says whether it is recoverable; here
        :func:`~flyte_testkit.failures.recoverable` and
        :func:`~flyte_testkit.failures.retries_exhausted` are.

        Example:
            >>> from flyte_testkit import failures
            >>> failures.oom_killed().budget, failures.preempted().budget
            ('user', 'system')
            >>> Failure("no disk").budget is None
            True
        """
        last = self.of_task
        if last == self and last.code not in RECOVERABLE:
            return None
        return "system" if last.kind == "SYSTEM" else "user"

    @property
    def attempts(self) -> int:
        """How many attempts a task has made, all of which failed so, as far as this says.

        Example:
            >>> from flyte_testkit import failures
            >>> failures.preempted().attempts, failures.oom_killed(attempts=3).attempts
            (4, 3)
            >>> Failure("no disk").attempts
            1
        """
        counted = _COUNTED.match(self.message)
        if counted is None or self.of_task is self:
            return 1
        return int(counted[1]) + (self.budget == "system")

    def worded_for(
        self,
        execution_name: str,
        *,
        node_id: str = "n0",
        attempt: int = 0,
        namespace: str = "flytesnacks-development",
    ) -> Failure:
        """Return this failure with all names filled in, as that execution would report it.

        Only the exact texts are replaced; other braces stay as they are.

        Args:
            execution_name: The name in the execution's identifier.
            node_id: The id of the node that failed.
            attempt: Which attempt of that node it was, counted from 0.
            namespace: Where its pods run: ``<project>-<domain>``, unless configured otherwise.

        Example:
            >>> Failure("[{pod}] is gone {sic}").worded_for("nightly-1").message
            '[nightly-1-n0-0] is gone {sic}'
        """

        def name(stands_for: re.Match[str]) -> str:
            if stands_for["space"]:
                return namespace
            if stands_for[0] == "{node.child}":
                return child_name(execution_name, node_id, attempt)
            return pod_name(execution_name, node_id, int(stands_for["attempt"] or attempt))

        message = _NAMES.sub(name, self.message)
        return self if message == self.message else replace(self, message=message)


Failure.__init__ = suggests_keywords(Failure.__init__)  # type: ignore[method-assign]  # generated


def engines(worded: Worded) -> Failure:
    """Return the failure that an engine words so."""
    return Failure(worded.message, code=worded.code, kind=worded.kind)


def spelled(failure: Failure, function: Callable[..., Failure], /, **arguments: object) -> Failure:
    """Let a failure print as the call that made it; any change to it prints in full again.

    Args:
        failure: The failure.
        function: What made it.
        **arguments: What it was called with; those that are its defaults are not printed.
    """
    words = inspect.signature(function).parameters
    said = (
        f"{value!r}"
        if words[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        else f"{name}={value!r}"
        for name, value in arguments.items()
        if value != words[name].default
    )
    object.__setattr__(failure, "_call", f"{function.__name__}({', '.join(said)})")
    return failure


def code_text(code: object) -> str:
    """Return the code of an error as text: gRPC's own by its name, as everybody writes it.

    Raises:
        TimelineError: It is no code.
    """
    if isinstance(code, enum.Enum):
        code = code.value if isinstance(code, str) else code.name
    return check_text("the code of a failure", code, column=True)


def check_text(what: str, value: object, *, column: bool = False) -> str:
    """Return a value if it is text; refuse one that neither protobuf nor a column could hold.

    Args:
        what: How to call the value in the error.
        value: The value.
        column: Whether FlyteAdmin also keeps it in a column of its database, which cannot
            hold a NUL.

    Raises:
        TimelineError: The value cannot be what it should be.
    """
    if not isinstance(value, str):
        raise TimelineError(f"{what} is text, not {shown(value)}. Write it in quotes.")
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise TimelineError(
            f"{what}, {shown(value)}, holds half of a surrogate pair, which no protobuf message can"
            " carry. Write the whole character."
        )
    if column and "\0" in value:
        raise TimelineError(
            f"{what}, {shown(value)}, holds a NUL, which FlyteAdmin's database refuses."
            " Leave it out."
        )
    return value
