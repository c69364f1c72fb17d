"""Reads the one-line form of a timeline, and points at what it cannot read.

::

    story   = told [";" "terminated" ":" told]       what a termination leads to
    told    = {step "->"} ending
    step    = PHASE [duration] [failure | cause]     failure after FAILING, cause after ABORTING
    ending  = SUCCEEDED [json object] | FAILED failure | ABORTED cause | TIMED_OUT [failure]
            | never ends
    failure = call | text ["code=" text] ["kind=" KIND]
    cause   = text ["by" text]

Phases may be written in any case; texts are quoted as Python quotes them. Durations are read by
``_durations``, calls of failures by :func:`flyte_testkit.failures.parse`.

This module is ignorant of how timelines are printed and played.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, cast, overload

from flyte_testkit.errors import TimelineError, close_names, cut
from flyte_testkit.failures import BUILDERS, KINDS, USER_ERROR, ErrorKind, Failure, parse
from flyte_testkit.failures._calls import end_of_call
from flyte_testkit.propeller.phases import OUTCOMES
from flyte_testkit.timeline import _durations
from flyte_testkit.timeline._parts import (
    STEP_PHASES,
    Aborts,
    Fails,
    NeverEnds,
    Step,
    StepPhase,
    Succeeds,
    TimesOut,
    refusal,
)
from flyte_testkit.timeline._text import TIMEOUT

if TYPE_CHECKING:
    from flyte_testkit.timeline._durations import Polls
    from flyte_testkit.timeline._parts import Ending

    _Told: TypeAlias = tuple[tuple[Step, ...], Ending]

__all__ = ["read"]

_NEVER: Final = re.compile(r"never[ _]ends\b", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_TERMINATED: Final = re.compile(r";\s*terminated\s*:", re.IGNORECASE)
_ARROW: Final = re.compile(r"->|→")
_TEXT: Final = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_CALL: Final = re.compile(r"(?:failures\.)?(\w+)\(")
_WINDOW: Final = 200
"""Letters of a line that an error shows to each side of the place."""

_OPTION: Final = re.compile(r"(code|kind)\s*=\s*", re.IGNORECASE)
_OTHER_OPTION: Final = re.compile(r"(\w+)\s*=")
_BY: Final = re.compile(r"by\b", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s*")
_TOKEN: Final = re.compile(r"->|[^\s>]+|\S")
_ESCAPE: Final = re.compile(
    r"\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U000[\da-fA-F]{5}|U0010[\da-fA-F]{4}|[abfnrtv0\\'\"])",
    re.ASCII,
)
_ESCAPED: Final = dict(zip("abfnrtv0", "\a\b\f\n\r\t\v\0", strict=True))


def read(text: str) -> tuple[tuple[Step, ...], Ending, _Told | None]:
    """Return the steps and the ending that a line tells, and those that follow a termination.

    Raises:
        TimelineError: Shows the place, with a caret under it.
    """
    reader = _Reader(text)
    steps, ending = reader.story()
    terminated = reader.story() if reader.terminates() else None
    reader.end()
    return steps, ending, terminated


class _Reader:
    """A place in a line, moving to the right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def story(self) -> tuple[tuple[Step, ...], Ending]:
        steps: list[Step] = []
        while True:
            if self._take(_NEVER):
                return self._ended(steps, NeverEnds(), "never ends")
            word = self._take(_WORD)
            if word is None:
                self._fail("A phase is missing here.")
            phase = word[0].upper()
            if phase in OUTCOMES:
                self._refuse_endless(steps, phase, word)
                return self._ended(steps, self._ending(phase), phase)
            if phase not in STEP_PHASES:
                near = close_names(phase, [*STEP_PHASES, *OUTCOMES]).strip()
                hint = f"; {near[0].lower()}{near[1:]}" if near else "."
                self._fail(f"{word[0]!r} is not an execution phase{hint}", word.span())
            self._refuse_endless(steps, phase, word)
            if steps and (reason := refusal(steps[-1].phase, phase)):
                self._fail(reason.partition("\n")[0], word.span())
            steps.append(self._step(phase))
            if self._take(_ARROW) is None:
                self._expect_arrow(steps[-1])

    def terminates(self) -> bool:
        """Whether a termination comes next."""
        return self._take(_TERMINATED) is not None

    def end(self) -> None:
        """Refuse what stands behind the end."""
        if self._skip() < len(self._text):
            self._fail("This was not expected after the end.")

    def _step(self, phase: StepPhase) -> Step:
        duration = self._duration()
        if phase == "FAILING":
            return Step(phase, duration, failure=self._failure(USER_ERROR, needed=False))
        if phase == "ABORTING" and (cause := self._quoted()) is not None:
            return Step(phase, duration, cause=cause, principal=self._principal())
        return Step(phase, duration)

    def _ending(self, phase: str) -> Ending:
        if phase == "SUCCEEDED":
            return Succeeds(self._outputs())
        if phase == "TIMED_OUT":
            return TimesOut(self._failure(TIMEOUT, needed=False))
        if phase == "FAILED":
            return Fails(cast("Failure", self._failure(USER_ERROR, needed=True)))
        cause = self._quoted("ABORTED needs a cause in quotes, such as ABORTED 'too dear'.")
        return Aborts(cause, self._principal())

    def _ended(
        self, steps: list[Step], ending: Ending, name: str
    ) -> tuple[tuple[Step, ...], Ending]:
        start = self._skip()
        if self._take(_ARROW):
            self._fail(f"Nothing may follow {name!r}: it ends the timeline.", (start, self._at))
        if option := _OTHER_OPTION.match(self._text, start):
            advice = (
                f' Outputs are a JSON object: SUCCEEDED {{"{option[1]}": …}}.'
                if name == "SUCCEEDED"
                else close_names(option[1].lower(), ("code", "kind"))
            )
            self._fail(f"{name} takes no {option[1]!r}.{advice}", option.span(1))
        if start < len(self._text) and not _TERMINATED.match(self._text, start):
            self._fail(f"This was not expected after {name!r}.")
        return tuple(steps), ending

    def _duration(self) -> float | Polls | None:
        start = self._skip()
        if (found := _durations.read(self._text, start)) is not None:
            duration, self._at = found
            if isinstance(duration, float) and duration > _durations.LONGEST:
                self._fail("A timeline lasts a hundred years at most.", (start, self._at))
            return duration
        if self._text[start : start + 1].isdigit():
            self._fail("This is no duration; write 5s, 10m, 1h30m, 0.5s or 3 polls.")
        if re.compile(r"-\s*[\d.]").match(self._text, start):
            self._fail("A duration is not negative; time moves one way.")
        return None

    def _failure(self, usual_code: str, *, needed: bool) -> Failure | None:
        if call := self._take(_CALL):
            return self._called(call)
        if (message := self._quoted()) is None:
            if needed:
                self._fail("FAILED needs a message in quotes, such as FAILED 'out of disk'.")
            return None
        code, kind = usual_code, "USER"
        while option := self._take(_OPTION):
            if option[1].lower() == "code":
                code = self._quoted("A code is written in quotes, such as code='OOMKilled'.")
            elif (word := self._take(_WORD)) is None or word[0].upper() not in KINDS:
                near = close_names(word[0].upper(), KINDS) if word else ""
                place = word.span() if word else None
                self._fail(f"A kind is one of {', '.join(KINDS)}.{near}", place)
            else:
                kind = word[0].upper()
        return Failure(message, code=code, kind=cast("ErrorKind", kind))

    def _called(self, call: re.Match[str]) -> Failure:
        if call[1] not in BUILDERS:
            near = close_names(call[1], BUILDERS)
            self._fail(f"{call[1]!r} is not a named failure.{near}", call.span(1))
        end = end_of_call(self._text, call.start())
        if end is None:
            self._fail("This call is never closed, or is no Python.", call.span())
        try:
            failure = parse(self._text[call.start() : end])
        except TimelineError as error:
            self._fail(str(error).partition("\n")[0], (call.start(), end))
        self._at = end
        return failure

    def _principal(self) -> str:
        if self._take(_BY) is None:
            return ""
        return self._quoted("'by' needs a principal in quotes, such as by 'ann'.")

    @overload
    def _quoted(self) -> str | None: ...
    @overload
    def _quoted(self, need: str) -> str: ...
    def _quoted(self, need: str | None = None) -> str | None:
        if text := self._take(_TEXT):
            return _unquoted(text)
        if self._text[self._at : self._at + 1] in {"'", '"'}:
            self._fail("This quote is never closed.")
        if need:
            self._fail(need)
        return None

    def _outputs(self) -> dict[str, Any]:
        start = self._skip()
        if self._text[start : start + 1] != "{":
            return {}
        try:
            outputs, self._at = json.JSONDecoder().raw_decode(self._text, start)
        except json.JSONDecodeError as error:
            place = (error.pos, error.pos + 1)
            self._fail(f"The outputs are no JSON object: {error.msg}.", place)
        return cast("dict[str, Any]", outputs)

    def _refuse_endless(self, steps: list[Step], phase: str, word: re.Match[str]) -> None:
        if steps and steps[-1].duration is None:
            self._fail(
                f"{steps[-1].phase} has no duration, so {phase} would never come;"
                f" write a duration after {steps[-1].phase}, or -> never ends.",
                word.span(),
            )

    def _expect_arrow(self, last: Step) -> NoReturn:
        if self._skip() == len(self._text):
            self._fail(
                "This timeline has no ending; add -> SUCCEEDED, -> FAILED 'message'"
                " or -> never ends."
            )
        self._fail(f"This was not expected after {last.phase}; '->' leads to the next phase.")

    def _skip(self) -> int:
        self._at = cast("re.Match[str]", _SPACE.match(self._text, self._at)).end()
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        if found := pattern.match(self._text, self._skip()):
            self._at = found.end()
        return found

    def _fail(self, problem: str, place: tuple[int, int] | None = None) -> NoReturn:
        if place is None:
            token = _TOKEN.match(self._text, self._skip())
            place = token.span() if token else (self._at, self._at + 1)
        start, end = place
        line_start = self._text.rfind("\n", 0, start) + 1
        line = self._text[line_start:].partition("\n")[0]
        column, length = start - line_start, min(max(1, end - start), _WINDOW)
        seen = max(0, column - _WINDOW)  # outputs may be megabytes: a window of the line will do
        line = line[seen : column + length + _WINDOW]
        caret = " " * (column - seen) + "^" * length
        raise TimelineError(f"{cut(problem, 500)}\n  column {column + 1}\n    {line}\n    {caret}")


def _unquoted(text: re.Match[str]) -> str:
    return _ESCAPE.sub(_character, text[1] if text[1] is not None else text[2])


def _character(escape: re.Match[str]) -> str:
    body = escape[1]
    if len(body) > 1:
        return chr(int(body[1:], 16))
    return _ESCAPED.get(body, body)
