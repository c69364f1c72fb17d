"""The world plays programs of threads by the rules: as the simulation does, to the last step.

``benchmarks/oracle.py`` does it ten thousand times, also on a machine that is busy otherwise.
"""

from __future__ import annotations

import itertools

import pytest
from oracle_code import as_code
from oracle_programs import TEMPLATES, Program, draw
from oracle_runner import agrees, program_of, run, shrunk, told
from oracle_simulation import Endless, simulate

EACH = 50


def ends(seed):
    try:
        simulate(draw(seed))
    except Endless:
        return False
    return True


PROGRAMS = list(itertools.islice(filter(ends, itertools.count()), 6 * EACH))


def complaints(seeds):
    outcomes = [(seed, outcome) for seed, outcome in run(seeds) if not agrees(outcome)]
    return "\n\n".join(told(seed, outcome) for seed, outcome in outcomes)


@pytest.mark.parametrize("part", range(6))
def test_random_programs_go_by_the_rules(part):
    assert complaints(PROGRAMS[part * EACH : (part + 1) * EACH]) == ""


def test_shapes_that_have_gone_wrong_go_by_the_rules():
    assert complaints(TEMPLATES) == ""


def test_each_shape_ends_and_tells_something():
    for program in TEMPLATES.values():
        assert len(simulate(program)) >= 3


def test_every_step_is_among_the_programs():
    code = "".join(as_code(program_of(seed)) for seed in [*PROGRAMS, *TEMPLATES])
    for word in (
        *(
            "time.sleep(",
            ".set()",
            ".clear()",
            ".wait(",
            "notify(cond",
            "listen(cond",
            "listen_for(",
        ),
        *(".put(1, t", ".get(t", ".task_done()", "queue0.join()", "simple0.put", "simple0.get"),
        *(".acquire(t", "rlock0.acquire", "cond0.acquire", ".release()", "barrier0.", ".abort()"),
        *(".reset()", "join(thread", "timer(", "timers[", "call_later(", "pool.submit(job"),
        *("].result(", ".exception(", "].cancel()", "add_done_callback(", "futures.wait("),
        *("completed(", "pool.map(", "apply_async(", "map_async(", "].get(", "raise ValueError"),
        *("run_loop(", "call_loop(", "asyncio.sleep(", ".hand(", ".beside(", "tasks.line.get()"),
        *("asyncio.wait_for(", "tasks.lock_for(", "tasks.flags[0].clear"),
        *("ask('", "send(", "sent[", ".future(", "bool(lock0.acquire()"),
    ):
        assert word in code, word
    programs = [program_of(seed) for seed in PROGRAMS]
    for older in (False, True):
        for pool in ("executor", "crew"):
            assert any(it.jobs and (it.older, it.pool) == (older, pool) for it in programs)
    assert max(len(it.threads) + len(it.jobs) for it in programs) >= 6


def test_what_differs_is_told_as_code_with_both_logs():
    outcome = {"got": [["main", "1", 2_000_000, None]], "wanted": [["main", "1", 1_000_000, None]]}
    text = told(Program(((("sleep", 1),),)), outcome)
    assert 'say("main", "1", lambda: time.sleep(1))' in text
    assert text.splitlines()[-1].split() == [
        "2.000000",
        "main",
        "1",
        "None",
        "!",
        "1.000000",
        *("main", "1", "None"),
    ]


def test_what_is_endless_is_no_program():
    with pytest.raises(Endless):
        simulate(Program(((("wait", 0, None),),)))


def test_a_program_that_differs_is_shortened():
    lengthy = Program(((("start", 1), ("sleep", 1), ("set", 0)), (("sleep", 2), ("sleep", 2))))
    short = shrunk(lengthy, "time_moves_twice_as_far")
    assert short == Program(((("start", 1),), (("sleep", 2),)))
