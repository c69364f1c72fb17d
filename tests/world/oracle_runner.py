"""Runs programs in the world, beside the simulation, and tells where they differ.

    python tests/world/oracle_runner.py 0 300

does so for the programs of these seeds, in this process, and prints a line for each: a program that
hangs is the last to be named. It is a process of its own so that a hang can be ended.

Ignorant of how programs come about.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from oracle_code import as_code
from oracle_programs import TEMPLATES, Program, draw
from oracle_simulation import Endless, simulate

__all__ = ["compare", "agrees", "run", "shrunk", "told"]

LONGEST = 60  # steps; a program that takes more tells nothing new


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
            (seed for seed, told_of in run(smaller, *options, seconds=seconds) if not agrees(told_of)),
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
    if outcome == "hangs":
        return "\n".join([*lines, "It hangs."])
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


def run(seeds, *options, seconds=60.0, python=sys.executable):
    """Compare seeds in a process of its own, and yield each with its outcome.

    Yields:
        A seed, and ``None``, ``"endless"``, ``"hangs"``, ``{"raised": …}`` or both logs.
    """
    seeds = [str(seed) for seed in seeds]
    while seeds:
        outcomes = one_process(seeds, options, seconds, python)
        yield from outcomes
        seeds = seeds[len(outcomes) :]


def one_process(seeds, options, seconds, python):
    here = Path(__file__)
    root = os.environ.get("ORACLE_ROOT") or str(here.parent.parent.parent)
    paths = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    command = [python, str(here), *options]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(seeds),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "PYTHONPATH": paths},
        )
        out, how = done.stdout, {"raised": done.stderr[-2000:]}
    except subprocess.TimeoutExpired as late:
        out, how = (late.stdout or b"").decode(), "hangs"
    told_of = [json.loads(row) for row in out.splitlines() if row.startswith("[")]
    if len(told_of) < len(seeds):
        told_of.append([seeds[len(told_of)], how])
    return told_of


def main():
    names = sys.argv[1:]
    for name in names:  # what the scheduler should do wrong
        import oracle_mutants

        getattr(oracle_mutants, name)()
    out = os.fdopen(os.dup(1), "w")  # whoever redirects ours
    for seed in json.loads(sys.stdin.read()):
        out.write(json.dumps([seed, compare(seed)]) + "\n")
        out.flush()
    out.flush()
    os._exit(0)  # threads of a program that went wrong may be left


if __name__ == "__main__":
    main()
