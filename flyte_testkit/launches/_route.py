"""What the launches of one kind will do, and what they did.

A launch counts, and takes its script with it, once everything about it is found to be right.
Ignorant of other routes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.errors import FlyteTestkitError, RouteError, shown
from flyte_testkit.launches._scripts import check, require_played

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from flyte_testkit.launches._criteria import Criteria
    from flyte_testkit.launches._launch import Launch
    from flyte_testkit.launches._scripts import Played, Script

__all__ = ["LaunchRoute", "Planting", "UnscriptedLaunch"]

_SHOWN = 10  # scripts and launches that a text tells of
_LETTERS = 1000  # that a problem with a script may take


class UnscriptedLaunch(Exception):  # noqa: N818  it is a finding, which somebody words as a refusal
    """No script is left for a launch; the text says which, and what to do.

    Attributes:
        surplus: Whether there were scripts for such launches, all played by now.
        strict: Whether that is a fault; else the launch may stay without a script.
    """

    def __init__(self, text: str, *, surplus: bool = False, strict: bool = True) -> None:
        super().__init__(text)
        self.surplus = surplus
        self.strict = strict


class Planting(NamedTuple):
    """Scripts that a route is about to be given, or has."""

    criteria: Criteria
    scripts: tuple[Script, ...]


class LaunchRoute:
    """What the launches of one launch plan, workflow or task will do, and what they did.

    Made by ``flyte_admin.on_launch(…)``; making one plants nothing.

    Attributes:
        launches: The launches that this route answered, in order.
    """

    def __init__(self, criteria: Criteria, scripted: Callable[[Planting], None]) -> None:
        self.criteria = criteria
        self.strict = True
        self.launches: list[Launch] = []
        self.scripts: list[Script] = []
        self.always: Script | None = None
        self._scripted = scripted
        self._refused: dict[tuple[int, Hashable], tuple[type[FlyteTestkitError], str]] = {}

    def plays(self, *scripts: Script) -> LaunchRoute:
        """Answer the next launches with these scripts, one each, in order.

        Launching more often than scripted fails the test, on purpose: a surprise relaunch is
        usually the bug. So does a script that is never played. To answer every launch alike, see
        :meth:`always_plays`.

        A launch whose script turns out wrong, as only that of a function can, is refused and counts
        for nothing: the next launch gets this script again.

        Args:
            scripts: A timeline each, or a tree of :mod:`nodes <flyte_testkit.nodes>`, or a function
                that gets the :class:`Launch` and returns either.

        Returns:
            This same route, so that it can be asserted on.

        Raises:
            TimelineError: Something among them is no finished timeline, or no tree that this
                workflow can play.
            RouteError: There are no scripts, the route always plays one already, or it asks for
                inputs that no launch can have.
            RegistrationError: A script succeeds with outputs that are not declared. In each case
                nothing is planted.

        Example:
            >>> from flyte_testkit import running
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin(strict=False) as admin:
            ...     nightly = admin.on_launch("nightly").plays(running(600).succeeds(auc=0.9))
            ...     len(nightly.launches)
            0
        """
        if not scripts:
            raise RouteError(
                f"{self.criteria}.plays() was given no script. "
                "Give it one timeline for each launch, such as running(60).succeeds()."
            )
        if self.always is not None:
            raise RouteError(
                f"{self.criteria} always plays {shown(self.always)} already, so these scripts "
                "would never be played. Call .plays(…) before .always_plays(…)."
            )
        for number, script in enumerate(scripts, 1):
            check(script, f"script {number} of {self.criteria}.plays(…)")
        self._scripted(Planting(self.criteria, scripts))
        self.scripts.extend(scripts)
        self._refused.clear()
        return self

    def always_plays(self, script: Script) -> LaunchRoute:
        """Answer every further launch with this script, however many there will be.

        If there is none at all, and nobody even looked for what would be launched, the test fails:
        make the route with ``strict=False`` where one default serves many tests. A script for
        particular launches alone must be played.

        Raises:
            TimelineError: It is no finished timeline.
            RouteError: The route asks for inputs that no launch can have.
            RegistrationError: It succeeds with outputs that are not declared. In each case nothing
                is planted.
        """
        check(script, f"the script of {self.criteria}.always_plays(…)")
        self._scripted(Planting(self.criteria, (script,)))
        self.always = script
        self._refused.clear()
        return self

    @property
    def planted(self) -> bool:
        """Whether this route has any script at all."""
        return bool(self.scripts) or self.always is not None

    @property
    def planting(self) -> Planting:
        """All scripts that it was given."""
        always = () if self.always is None else (self.always,)
        return Planting(self.criteria, (*self.scripts, *always))

    @property
    def unplayed(self) -> int:
        """How many scripts of :meth:`plays` have not been played yet."""
        return max(0, len(self.scripts) - len(self.launches))

    @property
    def used_up(self) -> bool:
        """Whether nothing is left for a further launch."""
        return not self.unplayed and self.always is None

    def complaint(self, *, looked_at: bool = False) -> str | None:
        """Say which scripts were never played, if any.

        Args:
            looked_at: Whether somebody asked for what would be launched. A default for all its
                launches has served then, even if there were none.
        """
        default = looked_at and self.criteria.is_general
        unused = self.always is not None and not self.launches and not default
        if not self.strict or not (self.unplayed or unused) or self._waits_for_a_wrong_script:
            return None
        if not self.unplayed:
            return (
                f"{self.criteria} was scripted, and never launched.\n"
                f"  every launch: {shown(self.always)}  NEVER PLAYED\n"
                "Take the script out, find out why the code did not launch, or say that it need "
                "not: on_launch(…, strict=False)."
            )
        again = " again" if self.launches else ""
        return "\n".join(
            [
                f"{self.criteria} was scripted, and never launched as often as that.",
                *self._listed(),
                f"Take the script out, or find out why the code did not launch{again}.",
            ]
        )

    def next_script(self, launch: Launch, made: Callable[[Played], object]) -> Played:
        """Return the script of the next launch, and count it as launched.

        Args:
            launch: The launch.
            made: Asked whether this launch can play a script; it raises what is wrong.

        Raises:
            UnscriptedLaunch: There is none left.
            FlyteTestkitError: The script is wrong; then nothing has changed, and a repeat of the
                same call is told the same.
        """
        turn = len(self.launches)
        planted = self.scripts[turn] if turn < len(self.scripts) else self.always
        if planted is None:
            raise UnscriptedLaunch(self._surplus(launch), surplus=True, strict=self.strict)
        if told := self._refused and self._refused.get((turn, launch.request())):
            kind, text = told
            raise kind(text)
        try:
            script = self._finished(planted, launch)
            launch.script = script
            made(script)
        except FlyteTestkitError as wrong:
            text = self._wrong(launch, planted, _short(str(wrong)))
            self._refused[turn, launch.request()] = type(wrong), text
            launch.script = None
            raise type(wrong)(text) from wrong
        self.launches.append(launch)
        return script

    def _finished(self, planted: Script, launch: Launch) -> Played:
        """Return what is played, which a function may have to be asked for.

        Raises:
            FlyteTestkitError: The function returned something else, or raised.
        """
        if not callable(planted):
            return planted
        try:
            made = planted(launch)
        except Exception as error:
            raise RouteError(
                f"the script function of {self.criteria} raised {type(error).__name__}: "
                f"{error}{_place(error)}"
            ) from error
        return require_played(made, f"what the script function of {self.criteria} returned")

    @property
    def _waits_for_a_wrong_script(self) -> bool:
        """Whether its next script was asked for and is wrong: that is told already."""
        return any(turn == len(self.launches) for turn, _ in self._refused)

    def _wrong(self, launch: Launch, planted: Script, problem: str) -> str:
        made = "" if launch.script is None else f"\n  {shown(launch.script)}"
        whose = " a function of" if callable(planted) else ""
        return (
            f"{launch.spec.launch_plan.name!r} was launched, but its script cannot be played: "
            f"{problem}{made}\n"
            f"It was planted by{whose} {self.criteria}. The launch is refused and counts for "
            "nothing: the next one gets the same script."
        )

    def _surplus(self, launch: Launch) -> str:
        count = len(self.launches)
        heading = (
            f"{launch.spec.launch_plan.name!r} was launched for the {_ordinal(count + 1)} time, "
            f"but {_scripts(len(self.scripts))} planted by {self.criteria}.plays(…)."
        )
        first = max(0, count - _SHOWN)
        lines = [heading] + ([f"  … {first:,} before"] if first else [])
        lines += [
            f"  {_ordinal(turn)}  {shown(past.script)}  is {past.phase} as {past.id.name!r}"
            for turn, past in enumerate(self.launches[first:], first + 1)
        ]
        lines.append("Add a script to .plays(…), or answer every launch with .always_plays(…).")
        return "\n".join(lines)

    def _listed(self) -> Iterator[str]:
        """Tell of each script whether it was played; of very many, those around the present."""
        played = len(self.launches)
        first = max(0, min(played - 1, len(self.scripts) - _SHOWN))
        if first:
            yield f"  … {first:,} before, played"
        for number, script in enumerate(self.scripts[first : first + _SHOWN], first + 1):
            state = "played" if number <= played else "NEVER PLAYED"
            yield f"  {number}. {shown(script)}  {state}"
        left = len(self.scripts) - first - _SHOWN
        if left > 0:
            yield f"  … {left:,} more, never played"

    def __repr__(self) -> str:
        return f"<{self.criteria}: {len(self.launches)} launched, {self.unplayed} still scripted>"


def _short(problem: str) -> str:
    """Leave out the middle of a very long text: a refusal travels in HTTP/2 trailers."""
    half = _LETTERS // 2
    return problem if len(problem) <= _LETTERS else f"{problem[:half]} … {problem[-half:]}"


def _place(error: BaseException) -> str:
    """Say where a script function raised, as far as the function itself is concerned."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"


def _ordinal(number: int) -> str:
    teens = 10 < number % 100 < 14
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _scripts(count: int) -> str:
    return "1 script is" if count == 1 else f"{count} scripts are"
