"""Runs programs in the world, beside the simulation, and tells where they differ.

``run`` does so in processes of their own, so that a program that hangs can be ended and named.

Ignorant of how programs come about.
"""

from __future__ import annotations

import faulthandler
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from oracle_code import as_code
from oracle_programs import TEMPLATES, Program, draw
from oracle_simulation import Endless, simulate

__all__ = ["agrees", "compare", "run", "shrunk", "told"]

ROOT = os.environ.get("ORACLE_ROOT") or str(Path(__file__).parent.parent.parent)


def play(code):
    """Run a program in the world, and return its log."""
    scope = {"__name__": "a_program"}
    exec(compile(code, "<a program>", "exec"), scope)  # noqa: S102  ours, and just printed
    return scope["log"]


def compare(seed):
    """Return what a seed comes to: ``None`` if world and simulation agree, or both logs."""
    program = program_of(seed)
    try:
        wanted = simulate(program)
    except Endless:
        return "endless"
    got = play(as_code(program))
    wanted = json.loads(json.dumps(wanted))
    return None if got == wanted else {"got": got, "wanted": wanted}


def program_of(seed):
    """Return the program of a seed, or the template of that name."""
    if isinstance(seed, Program):
        return seed
    if str(seed).startswith("Program("):
        return eval(seed, {"Program": Program})  # noqa: S307  our own repr
    return TEMPLATES[seed] if seed in TEMPLATES else draw(int(seed))


def agrees(outcome):
    """Whether an outcome holds nothing against the world."""
    return outcome is None or outcome == "endless"


def shrunk(program, *options, seconds=20.0):
    """Return the shortest program that is still told otherwise by the world than by the rules."""
    while True:
        smaller = [repr(each) for each in simpler(program)]
        found = next(
            (
                seed
                for seed, told_of in run(smaller, *options, seconds=seconds)
                if not agrees(told_of)
            ),
            None,
        )
        if found is None:
            return program
        program = program_of(found)


def simpler(program):
    """Yield the program without one of its steps, each in turn."""
    for kind in ("threads", "jobs"):
        bodies = getattr(program, kind)
        for number, body in enumerate(bodies):
            for fewer in without_one(body, program):
                changed = (*bodies[:number], fewer, *bodies[number + 1 :])
                yield replace(program, **{kind: changed})


def without_one(body, program):
    for place, step in enumerate(body):
        if step[0] != "start" or not program.threads[step[1]]:
            yield body[:place] + body[place + 1 :]
        if step[0] == "hold":
            for fewer in without_one(step[3], program):
                yield (*body[:place], (*step[:3], fewer), *body[place + 1 :])


def told(seed, outcome):
    """Return an outcome in words: the program as code, and both logs side by side."""
    lines = [f"seed {seed}:", as_code(program_of(seed))]
    for how in ("hangs", "raised"):
        if how in outcome:
            return "\n".join([*lines, f"It {how}:", outcome[how]])
    rows = max(len(outcome["got"]), len(outcome["wanted"]))
    got, wanted = (
        [line(*entry) for entry in outcome[key]] + [""] * rows for key in ("got", "wanted")
    )
    lines += [f"{'the world':48}   by the rules"]
    lines += [
        f"{mine:48} {' ' if mine == right else '!'} {right}"
        for mine, right in list(zip(got, wanted, strict=False))[:rows]
    ]
    return "\n".join(lines)


def line(who, step, at, result):
    return f"{at / 1e6:>12.6f} {who:>8} {step:<8} {result}"


def run(seeds, *mutants, seconds=60.0, python=sys.executable):
    """Compare seeds in processes of their own, and yield each with its outcome.

    Args:
        seeds: Seeds, names of templates, programs, or their ``repr``.
        mutants: What the scheduler should do wrong.
        seconds: After how many of them a process is given up.
        python: The interpreter.

    Yields:
        A seed, and ``None``, ``"endless"``, both logs, or ``{"hangs": …}`` or ``{"raised": …}``.
    """
    seeds = [repr(seed) if isinstance(seed, Program) else str(seed) for seed in seeds]
    while seeds:
        outcomes = one_process(seeds, mutants, seconds, python)
        yield from outcomes
        seeds = seeds[len(outcomes) :]


def one_process(seeds, mutants, seconds, python):
    """Compare seeds until one hangs or raises; whoever hangs dies with a list of its threads."""
    paths = os.pathsep.join([ROOT, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [python, __file__, str(seconds), *mutants],
        input=json.dumps(seeds),
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    outcomes = [json.loads(row) for row in done.stdout.splitlines() if row.startswith("[")]
    if len(outcomes) < len(seeds):
        how = "hangs" if "Timeout (" in done.stderr else "raised"
        outcomes.append([seeds[len(outcomes)], {how: done.stderr[-6000:]}])
    return outcomes


def main():
    seconds, *mutants = sys.argv[1:]
    faulthandler.dump_traceback_later(float(seconds), exit=True)
    if mutants:
        import oracle_mutants

        for name in mutants:
            oracle_mutants.make(name)
    out = os.fdopen(os.dup(1), "w")  # whoever redirects ours
    for seed in json.loads(sys.stdin.read()):
        out.write(json.dumps([seed, compare(seed)]) + "\n")
        out.flush()
    os._exit(0)  # threads of a program that went wrong may be left


if __name__ == "__main__":
    main()
