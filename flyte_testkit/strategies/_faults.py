"""Plans of faults: what goes wrong between calls and their answers.

A planned fault is a value: it can be compared, printed as code and planted on any number of
servers. Planting it makes a route of :mod:`flyte_testkit.wire.faults` that strikes. Ignorant of
what the struck calls would do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit.admin.errors import Code
from flyte_testkit.errors import close_names, suggests_keywords
from flyte_testkit.strategies._arguments import at_least, choose
from flyte_testkit.wire.names import RPCS, Rpc

if TYPE_CHECKING:
    from collections.abc import Collection

    from flyte_testkit.server import FakeFlyteAdmin

__all__ = ["PlannedFault", "fault_plans"]

FaultVerb = Literal["fails_with", "loses_reply", "delays", "hangs"]

_VERBS: Final = get_args(FaultVerb)
_CODES: Final = get_args(Code)
_USUAL: Final[tuple[Rpc, ...]] = ("GetExecution", "GetExecutionData", "CreateExecution")
_HEALING: Final[tuple[Code, ...]] = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")


@dataclass(frozen=True, repr=False)
class PlannedFault:
    """One fault that can be planted, any number of times.

    :func:`fault_plans` draws such, and shrinks them.

    Attributes:
        rpc: The RPC whose calls it strikes; None is every RPC.
        verb: What it does: the name of a method of ``flyte_admin.on(rpc)``.
        code: What ``fails_with`` or ``loses_reply`` answers.
        seconds: How long ``delays`` delays.
        times: How many calls it strikes, each with all its attempts; None is all.
        after: How many calls pass before.
        between: From when to when it strikes, in seconds since the clock's start.
        attempts: How many attempts it strikes, of which flytekit makes four of one failing call;
            None is all.

    Example:
        >>> blip = PlannedFault("GetExecution", "fails_with", code="UNAVAILABLE", times=1)
        >>> print(blip.as_code())
        flyte_admin.on('GetExecution').fails_with('UNAVAILABLE', times=1)
        >>> from flyte_testkit.server import FakeFlyteAdmin
        >>> with FakeFlyteAdmin() as admin:
        ...     blip.plant(admin)
    """

    rpc: Rpc | None
    verb: FaultVerb
    code: Code | None = None
    seconds: float | None = None
    times: int | None = None
    after: int = 0
    between: tuple[float, float] | None = None
    attempts: int | None = None

    def plant(self, admin: FakeFlyteAdmin) -> None:
        """Plant it on a server; as it was drawn, it is forgiven if it never strikes.

        Raises:
            RouteError: The server knows no such fault.
        """
        positional, keywords = self._arguments()
        route = getattr(admin.on(self.rpc), self.verb)(*positional, **keywords, strict=False)
        if self.between is not None:
            route.between(*self.between)

    def as_code(self, admin: str = "flyte_admin", *, strict: bool = True) -> str:
        """Return the statement that plants it.

        Args:
            admin: What the server is called there.
            strict: Whether it is an error there if it never strikes.
        """
        positional, keywords = self._arguments()
        told = [repr(value) for value in positional]
        told += [f"{name}={value!r}" for name, value in keywords.items()]
        told += [] if strict else ["strict=False"]
        rpc = "" if self.rpc is None else repr(self.rpc)
        window = "" if self.between is None else ".between({!r}, {!r})".format(*self.between)
        return f"{admin}.on({rpc}).{self.verb}({', '.join(told)}){window}"

    def _arguments(self) -> tuple[list[Any], dict[str, Any]]:
        positional = [value for value in (self.code, self.seconds) if value is not None]
        limits = {"times": self.times, "attempts": self.attempts, "after": self.after or None}
        return positional, {name: limit for name, limit in limits.items() if limit is not None}

    def __repr__(self) -> str:
        told = [repr(self.rpc), repr(self.verb)]
        told += [
            f"{name}={value!r}"
            for name in ("code", "seconds", "times", "attempts", "after", "between")
            if (value := getattr(self, name)) is not None and (name, value) != ("after", 0)
        ]
        return f"PlannedFault({', '.join(told)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))


@suggests_keywords
def fault_plans(
    *,
    rpcs: Collection[Rpc | None] = _USUAL,
    verbs: Collection[FaultVerb] = ("fails_with", "loses_reply", "delays"),
    codes: Collection[Code] = _HEALING,
    max_faults: int = 3,
    max_seconds: float = 3600,
) -> st.SearchStrategy[list[PlannedFault]]:
    """Generate lists of faults to plant, each for some calls, some attempts or some time.

    Every fault ends: it strikes at most eight calls, or eight attempts (flytekit makes four of one
    failing call), or has a window. Plant them with ``for fault in plan: fault.plant(flyte_admin)``.

    Shrinks to no faults, then to one that strikes the first call; among RPCs, verbs and codes to
    the one that is named first.

    Args:
        rpcs: Which RPCs are struck; None among them is a fault of every RPC.
        verbs: What happens to them. ``"hangs"`` must be asked for: a client that sets no deadline
            waits for ever, which takes two real seconds to find out.
        codes: What ``fails_with`` answers; by default what may heal.
        max_faults: The most faults of a plan.
        max_seconds: The end of the latest window, and the longest delay.

    Raises:
        InvalidArgument: There is no such RPC, verb or code, or a bound is no bound.

    Example:
        >>> from hypothesis import find
        >>> find(fault_plans(rpcs=["GetExecution"]), bool)
        [PlannedFault('GetExecution', 'fails_with', code='UNAVAILABLE', times=1)]
    """
    at_least("fault_plans", "max_faults", max_faults, 0)
    at_least("fault_plans", "max_seconds", max_seconds, 1, whole=False)
    if max_seconds == float("inf"):
        raise InvalidArgument(
            f"fault_plans(max_seconds={max_seconds!r}): every fault ends some time. Give a number."
        )
    _check_rpcs(rpcs)
    choose("fault_plans", "verbs", verbs, _VERBS)
    choose("fault_plans", "codes", codes, _CODES)
    fault = _faults(tuple(rpcs), tuple(verbs), tuple(codes), max_seconds)
    return st.lists(fault, max_size=max_faults)


def _check_rpcs(rpcs: Collection[Rpc | None]) -> None:
    """Refuse what are no RPCs; there are too many to list them all in a message."""
    for rpc in () if isinstance(rpcs, str) else rpcs:
        if rpc not in RPCS and rpc is not None:
            raise InvalidArgument(
                f"fault_plans(rpcs={rpcs!r}): there is no RPC {rpc!r}.{close_names(str(rpc), RPCS)}"
                "\nNone stands for every RPC."
            )
    choose("fault_plans", "rpcs", rpcs, (*sorted(RPCS), None))


@st.composite
def _faults(
    draw: st.DrawFn,
    rpcs: tuple[Rpc | None, ...],
    verbs: tuple[FaultVerb, ...],
    codes: tuple[Code, ...],
    max_seconds: float,
) -> PlannedFault:
    rpc = draw(st.sampled_from(rpcs))
    verb = draw(st.sampled_from(verbs))
    whole = int(max_seconds)
    code = draw(st.sampled_from(codes)) if verb == "fails_with" else None
    seconds = draw(st.integers(0, whole)) if verb == "delays" else None
    limit = draw(st.sampled_from(("times", "attempts", "between")))
    if limit == "between":
        start = draw(st.integers(0, whole - 1))
        end = draw(st.integers(start + 1, whole))
        return PlannedFault(rpc, verb, code, seconds, between=(start, end))
    number, after = draw(st.integers(1, 8)), draw(st.integers(0, 8))
    times, attempts = (number, None) if limit == "times" else (None, number)
    return PlannedFault(rpc, verb, code, seconds, times, after, attempts=attempts)
