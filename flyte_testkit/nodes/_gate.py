"""Nodes that wait: for an approval or a signal, or for a time to pass.

Who approves is nowhere in Flyte, so nobody is named. Ignorant of the nodes beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast, final, get_origin

from flyte_testkit.errors import TimelineError, shown, suggests_keywords
from flyte_testkit.nodes._node import After, Node, named_after
from flyte_testkit.nodes._values import Values
from flyte_testkit.nodes.retries import read_attempt
from flyte_testkit.propeller import wording
from flyte_testkit.timeline import (
    Attempt,
    Fails,
    NeverEnds,
    OpenAttempt,
    OpenTimeline,
    Polls,
    Succeeds,
    Timeline,
    TimesOut,
    Yields,
)
from flyte_testkit.timeline import _durations as durations

if TYPE_CHECKING:
    from flyte_testkit.nodes.retries import Script
    from flyte_testkit.timeline import Duration

__all__ = ["SIGNALLED", "Gate", "Sleep", "gate", "sleep"]

SIGNALLED: Final = "o0"
"""What flytekit calls the value that a signal brings."""

_WHAT: Final = "nodes.gate(…)"
_BY_NAME: Final = frozenset({"bool", "float", "int", "str", "datetime", "timedelta"})
"""Names of types that somebody may write in quotes."""
_REFUSED: Final = wording.approval_refused().code


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Gate(Node):
    """A node that waits until somebody approves, or gives a signal; :func:`gate` makes it.

    Attributes:
        script: How the waiting ends; None: once somebody sets the signal.
        signal: The type of the value that is waited for; None: that of a scripted one, else it
            waits for an approval.
        timeout: After how many seconds it fails that nobody has set the signal.
        after: The names of the nodes that it comes after; None is all that are written before it.
    """

    script: Attempt | None = None
    signal: object = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no engine does."""
        keep = object.__setattr__
        keep(self, "after", named_after(self.after, _WHAT))
        if self.script is not None:
            keep(self, "script", _as_script(self.script))
        if self.signal is not None and not _is_type(self.signal):
            is_named = isinstance(self.signal, str) and self.signal in _BY_NAME
            kind = self.signal if is_named else type(self.signal).__name__
            raise TimelineError(
                f"nodes.gate(signal={shown(self.signal)}): it says which type is waited for."
                f"\nWrite signal={kind}; the value that comes is scripted:"
                " nodes.gate(running(5).succeeds(o0=0.5))."
            )
        if self.timeout is not None:
            keep(self, "timeout", _seconds(self.timeout, "nodes.gate(timeout=…)"))
        if self.timeout == 0:
            raise TimelineError(
                "nodes.gate(timeout=0): Flyte takes 0 for no time-out at all.\nLeave it out, or"
                " write nodes.gate(running(0).times_out()) for nobody to answer in time."
            )
        self._check_ending()

    @property
    def word(self) -> str:
        """How it is written."""
        return "nodes.gate"

    @property
    def values(self) -> Values:
        """The value that a script lets come, by the name that it has as an output."""
        ending = None if self.script is None else self.script.ending
        return Values(ending.outputs if isinstance(ending, Succeeds) else {})

    @property
    def brings_value(self) -> bool:
        """Whether it says that it waits for a value; a registered one knows by itself."""
        return self.signal is not None or bool(self.values)

    @property
    def defines(self) -> list[str]:
        """What is said here that a registered gate says itself."""
        said = [] if self.signal is None else [f"signal={_type_as_code(self.signal)}"]
        return said + ([] if self.timeout is None else [f"timeout={durations.code(self.timeout)}"])

    def _check_ending(self) -> None:
        if self.script is None:
            return
        ending, told = self.script.ending, self.script.as_argument()
        if isinstance(ending, Fails) and self.signal is not None:
            raise TimelineError(
                f"nodes.gate({told}, {', '.join(self.defines)}): only an approval is refused; a"
                " signal brings a value.\nLet it bring one, or write .times_out()."
            )
        if len(self.values) > 1 or (self.values and SIGNALLED not in self.values):
            raise TimelineError(
                f"nodes.gate({told}): a signal brings one value, which is called {SIGNALLED!r}."
                f"\nWrite .succeeds({SIGNALLED}={shown(next(iter(self.values.values())))})."
            )
        lasts = self.script.seconds
        if (
            self.timeout is not None
            and lasts is not None
            and lasts > self.timeout
            and not isinstance(ending, TimesOut)
        ):
            raise TimelineError(
                f"nodes.gate({told}, {', '.join(self.defines)}): its time is up before that."
                "\nLet it wait for less, or write .times_out()."
            )

    def _as_code(self) -> str:
        script = [] if self.script is None else [self.script.as_argument()]
        return f"nodes.gate({', '.join([*script, *self.defines, *self._after_as_code()])})"


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sleep(Node):
    """A node that waits for a time to pass; :func:`sleep` makes it.

    Attributes:
        seconds: How long.
        after: The names of the nodes that it comes after; None is all that are written before it.
    """

    seconds: float

    def __post_init__(self) -> None:
        """Refuse what no engine does."""
        keep = object.__setattr__
        keep(self, "after", named_after(self.after, "nodes.sleep(…)"))
        keep(self, "seconds", _seconds(self.seconds, "nodes.sleep(…)"))

    @property
    def word(self) -> str:
        """How it is written."""
        return "nodes.sleep"

    def _as_code(self) -> str:
        return f"nodes.sleep({', '.join([durations.code(self.seconds), *self._after_as_code()])})"


@suggests_keywords
def gate(
    script: Script | None = None,
    /,
    *,
    signal: object = None,
    timeout: Duration | None = None,
    after: After = None,
) -> Gate:
    """Return a node that waits until somebody approves, or gives a signal.

    Whoever is first releases it: its script, a client, or a test by
    ``flyte_admin.approve(…)``, ``reject(…)`` or ``set_signal(…)``.

    Args:
        script: How long it is RUNNING, and what comes then: ``running(3600).succeeds()`` approves,
            ``.succeeds(o0=0.5)`` signals a value, ``.fails(failures.approval_refused())`` refuses,
            ``.times_out()`` lets its time be up. Left out, it waits for somebody else.
        signal: The type of the value that it waits for, as ``float``. Left out, it is that of a
            scripted value, or else an approval is waited for.
        timeout: After how many seconds it fails that nobody has released it; left out, it never
            does. A registered gate says this and ``signal`` itself.
        after: The names of the nodes it comes after: one, several, or ``()`` for none. Left out, it
            comes after all that are written before it.

    Raises:
        TimelineError: No engine would do so.

    Example:
        >>> from flyte_testkit import failures, nodes, running
        >>> nodes.gate(), nodes.gate(signal=float)
        (nodes.gate(), nodes.gate(signal=float))
        >>> nodes.gate(running(3600).fails(failures.approval_refused()))
        nodes.gate(running(3600).fails(failures.approval_refused()))
    """
    return Gate(script=script, signal=signal, timeout=timeout, after=after)  # type: ignore[arg-type]  # it reads them


def sleep(duration: Duration, /, *, after: After = None) -> Sleep:
    """Return a node that waits for a time to pass.

    Args:
        duration: Seconds, or a ``timedelta``; of a registered sleep, how long that is.
        after: The names of the nodes it comes after: one, several, or ``()`` for none. Left out, it
            comes after all that are written before it.

    Raises:
        TimelineError: No engine would do so.

    Example:
        >>> from datetime import timedelta
        >>> from flyte_testkit import nodes
        >>> nodes.sleep(timedelta(minutes=1))
        nodes.sleep(60)
    """
    return Sleep(seconds=duration, after=after)  # type: ignore[arg-type]  # it reads them


def _as_script(value: object) -> Attempt:
    """Return what somebody wrote for a gate.

    Raises:
        TimelineError: No gate does so.
    """
    if isinstance(value, (OpenAttempt, OpenTimeline)):
        raise TimelineError(
            f"{_WHAT}: {shown(value)} has no ending.\nEnd it with .succeeds(),"
            " .fails(failures.approval_refused()) or .times_out(); nodes.gate() waits for somebody"
            " else."
        )
    if isinstance(value, Node) or (not isinstance(value, (Attempt, Timeline)) and _is_type(value)):
        raise TimelineError(
            f"{_WHAT}: {shown(value)} does not say how the waiting ends.\nWrite"
            " nodes.gate(running(60).succeeds()), or nodes.gate(signal=float) for what it waits"
            " for."
        )
    script = read_attempt(value, _WHAT)
    for step in script.steps:
        if step.phase != "RUNNING":
            raise TimelineError(
                f"{_WHAT}: {shown(script)}: a gate runs no task, so it is not {step.phase}; it is"
                " RUNNING while it waits.\nWrite nodes.gate(running(60).succeeds())."
            )
    if isinstance(script.ending, NeverEnds):
        raise TimelineError(
            f"{_WHAT}: {shown(script)}: a gate that nobody scripts waits until somebody releases"
            " it.\nWrite nodes.gate()."
        )
    if isinstance(script.ending, Yields):
        raise TimelineError(
            f"{_WHAT}: {shown(script)}: a gate runs no task, so it yields no nodes.\nWrite"
            " nodes.gate(running(60).succeeds()), or nodes.dynamic(…) for what yields them."
        )
    if isinstance(script.ending, Fails) and script.ending.failure.of_task.code != _REFUSED:
        raise TimelineError(
            f"{_WHAT}: {shown(script)}: a gate runs no task; it fails because somebody refuses, or"
            " because its time is up.\nWrite .fails(failures.approval_refused()), or .times_out()."
        )
    return script


def _seconds(value: object, what: str) -> float:
    told = what.replace("…", shown(value, 500))
    if isinstance(value, Polls):
        raise TimelineError(
            f"{told}: an engine waits by its clock here, whoever looks."
            f"\nWrite seconds: {what.replace('…', '60')}."
        )
    try:
        return cast("float", durations.checked(value, "of"))  # type: ignore[arg-type]  # it reads whatever comes
    except TimelineError as error:
        reason = str(error).partition("\n")[0].partition("): ")[2]
        reason = reason.replace(", a timedelta or polls(n)", " or a timedelta")
        raise TimelineError(f"{told}: {reason}\nWrite {what.replace('…', '60')}.") from None


def _is_type(value: object) -> bool:
    return isinstance(value, type) or get_origin(value) is not None


def _type_as_code(value: object) -> str:
    return value.__name__ if isinstance(value, type) and get_origin(value) is None else repr(value)
