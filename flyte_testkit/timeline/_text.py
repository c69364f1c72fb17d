"""The two ways to print a timeline: as the code that makes it, and in one line.

::

    queued(5).running(600).fails('OOMKilled')           repr: paste it into a test
    QUEUED 5s -> RUNNING 10m -> FAILED 'OOMKilled'      str: YAML, the command line, reports

Everything that tells two timelines apart is printed. Outputs are JSON in the one-line form; a value
that JSON does not know prints as ``<repr>``, which is readable and refuses to be read back.

This module is ignorant of how the one-line form is read; see ``_reader``.
"""

from __future__ import annotations

import json
import keyword
import math
from typing import TYPE_CHECKING, Final

from flyte_testkit.failures import USER_ERROR, Failure
from flyte_testkit.timeline import _durations
from flyte_testkit.timeline._parts import Aborts, Fails, NeverEnds, Step, Succeeds, TimesOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flyte_testkit.timeline._parts import Ending

__all__ = [
    "ARROW",
    "TERMINATED",
    "TIMEOUT",
    "as_code",
    "as_line",
    "ending_as_code",
    "ending_as_line",
]

ARROW: Final = " -> "
TERMINATED: Final = "; terminated: "
TIMEOUT: Final = "Timeout"
"""The code of the error of a timeout, as the engine words it."""


def as_code(steps: tuple[Step, ...], ending: Ending | None = None) -> str:
    """Print steps, and an ending if there is one, as the code that makes them."""
    words = [_step_as_code(step, told=told) for step, told in _with_told(steps, ending)]
    if ending is not None:
        words.append(ending_as_code(ending))
    if not steps or steps[0].phase not in {"UNDEFINED", "QUEUED", "RUNNING"}:
        words.insert(0, "immediately")
    return ".".join(words)


def as_line(steps: tuple[Step, ...], ending: Ending) -> str:
    """Print a timeline in one line."""
    words = [_step_as_line(step, told=told) for step, told in _with_told(steps, ending)]
    return ARROW.join([*words, ending_as_line(ending)])


def _with_told(steps: tuple[Step, ...], ending: Ending | None) -> Iterator[tuple[Step, bool]]:
    """Yield each step, and whether the ending says its failure or cause, so that it need not."""
    for step in steps[:-1]:
        yield step, False
    for last in steps[-1:]:
        fails_so = isinstance(ending, Fails) and last.failure == ending.failure
        yield last, fails_so or (last.phase == "ABORTING" and isinstance(ending, Aborts))


def _step_as_code(step: Step, *, told: bool) -> str:
    arguments = [] if step.duration is None else [_durations.code(step.duration)]
    if step.failure is not None and not told:
        text = _failure_as_code(step.failure, USER_ERROR)
        arguments = [arguments[0] if arguments else "None", text]
    if step.cause and not told:
        arguments.append(f"cause={step.cause!r}")
    if step.principal and not told:
        arguments.append(f"principal={step.principal!r}")
    return f"{step.phase.lower()}({', '.join(arguments)})"


def ending_as_code(ending: Ending) -> str:
    """Print an ending as the call that makes it."""
    match ending:
        case Succeeds(outputs):
            return f"succeeds({_outputs_as_code(outputs)})"
        case Fails(failure) if failure.call:
            return f"fails({failure!r})"
        case Fails(failure):
            return "fails(" + repr(failure).removeprefix("failures.Failure(")
        case Aborts(cause, principal):
            return f"aborts({cause!r}" + (f", principal={principal!r})" if principal else ")")
        case TimesOut(failure):
            return f"times_out({_failure_as_code(failure, TIMEOUT) if failure else ''})"
        case NeverEnds():
            return "never_ends()"


def _failure_as_code(failure: Failure, usual_code: str) -> str:
    plain = failure.call is None and failure == Failure(failure.message, code=usual_code)
    return repr(failure.message) if plain else repr(failure)


def _outputs_as_code(outputs: Mapping[str, object]) -> str:
    if all(name.isidentifier() and not keyword.iskeyword(name) for name in outputs):
        return ", ".join(f"{name}={value!r}" for name, value in outputs.items())
    return repr(dict(outputs))


def _step_as_line(step: Step, *, told: bool) -> str:
    words: list[str] = [step.phase]
    if step.duration is not None:
        words.append(_durations.human(step.duration))
    if step.failure is not None and not told:
        words.append(_failure_as_line(step.failure, USER_ERROR))
    if (step.cause or step.principal) and not told:
        words.append(_cause_as_line(step.cause, step.principal))
    return " ".join(words)


def ending_as_line(ending: Ending) -> str:
    """Print an ending in one line."""
    match ending:
        case Succeeds(outputs):
            return f"SUCCEEDED {_outputs_as_line(outputs)}" if outputs else "SUCCEEDED"
        case Fails(failure):
            return f"FAILED {_failure_as_line(failure, USER_ERROR)}"
        case Aborts(cause, principal):
            return f"ABORTED {_cause_as_line(cause, principal)}"
        case TimesOut(failure):
            told = [] if failure is None else [_failure_as_line(failure, TIMEOUT)]
            return " ".join(["TIMED_OUT", *told])
        case NeverEnds():
            return "never ends"


def _failure_as_line(failure: Failure, usual_code: str) -> str:
    if failure.call:
        return failure.call
    code = "" if failure.code == usual_code else f" code={failure.code!r}"
    kind = "" if failure.kind == "USER" else f" kind={failure.kind}"
    return f"{failure.message!r}{code}{kind}"


def _cause_as_line(cause: str, principal: str) -> str:
    return f"{cause!r} by {principal!r}" if principal else repr(cause)


def _outputs_as_line(outputs: Mapping[str, object]) -> str:
    pairs = (f"{_json(name)}: {_json(value)}" for name, value in outputs.items())
    return "{" + ", ".join(pairs) + "}"


def _json(value: object) -> str:
    if not _is_json(value):
        return f"<{value!r}>"
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def _is_json(value: object) -> bool:
    """Whether JSON gives back this very value: a tuple, say, would come back as a list."""
    if type(value) is list:
        return all(map(_is_json, value))
    if type(value) is dict:
        return all(type(name) is str for name in value) and all(map(_is_json, value.values()))
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in {bool, int, str}
