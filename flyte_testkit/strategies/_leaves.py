"""Maps and gates as scripts: nodes with nothing inside that take more than a few words.

Ignorant of the nodes beside them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from flyte_testkit import failures, nodes
from flyte_testkit.nodes.retries import least_retries
from flyte_testkit.strategies._attempts import OUTPUTS, Fate, attempts, seconds, settled
from flyte_testkit.strategies._drawing import EITHER, RARELY
from flyte_testkit.timeline import running

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["array", "gate"]


def array(draw: st.DrawFn, fate: Fate, lasts: int, most: int, **said: Any) -> nodes.Array:
    """Draw a map: of its items as many fail, or never end, as lets it come to its end.

    Args:
        draw: What draws.
        fate: What comes of it.
        lasts: How long it may last, in milliseconds.
        most: The most phases of an attempt.
        **said: What else is said of it.
    """
    size, ratio = draw(_SIZES), draw(_RATIOS)
    if fate != "SUCCEEDED":
        size = max(size, 1)
    if fate == "FAILED" and ratio == 0:  # it would never be too many
        ratio = 1.0
    each, outputs = lasts // max(size, 1), draw(OUTPUTS)

    def item(fate: Fate, outputs: Mapping[str, object] | None = None) -> list[nodes.Attempt]:
        return attempts(draw, fate, each, most, outputs or {})

    may_fail = 0 if ratio is None else size - math.ceil(ratio * size)
    but: dict[int, Any] = {}
    if size and draw(RARELY):
        but[size - 1] = nodes.cached(outputs)
    if fate == "FAILED":
        for index in range(may_fail + 1):
            but[index] = item("FAILED")
    elif fate is None:
        but[0] = item(None)
    elif may_fail and draw(EITHER):
        but[0] = item("FAILED")
    rest = item("SUCCEEDED", outputs)
    scripts = [made for made in (rest, *but.values()) if isinstance(made, list)]
    retries = max(least_retries(tuple(made)) for made in scripts)
    for index, made in but.items():
        but[index] = settled(made, retries) if isinstance(made, list) else made
    concurrency = draw(_CONCURRENCY)
    return nodes.array(
        *rest, size=size, but=but, min_success_ratio=ratio, concurrency=concurrency, **said
    )


def gate(draw: st.DrawFn, fate: Fate, lasts: int, **said: Any) -> nodes.Gate:
    """Draw a gate; the arguments are those of a map."""
    signal = float if draw(RARELY) else None
    if fate is None:
        return nodes.gate(signal=signal, **said)
    waits = running(seconds(draw, lasts))
    if fate == "FAILED":
        if draw(RARELY) and lasts >= _SECOND:
            timeout = 1 + seconds(draw, lasts - _SECOND)
            return nodes.gate(signal=signal, timeout=timeout, **said)
        if signal is not None or draw(RARELY):
            return nodes.gate(waits.times_out(), signal=signal, **said)
        return nodes.gate(waits.fails(failures.approval_refused()), **said)
    outputs = {} if signal is None else {"o0": 0.5}
    return nodes.gate(waits.succeeds(outputs), signal=signal, **said)


_SECOND: Final = 1000
_SIZES: Final = st.sampled_from((2, 1, 3, 4, 0))
_RATIOS: Final = st.sampled_from((None, None, 0.5, 0.0, 1.0))
_CONCURRENCY: Final = st.sampled_from((None, None, 1, 2))
