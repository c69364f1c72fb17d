"""The command ``flyte-testkit``: a demonstration, and a server for clients in other processes.

Ignorant of pytest: tests get their servers from the plugin.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from flyte_testkit.errors import FlyteTestkitError, close_names
from flyte_testkit.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["main"]

_DEMO = """\
The nightly training, launched at {start:%H:%M}: ten hours of running, then out of memory; the code
under test launches it once more. Real flytekit, real gRPC, {hours:.1f} hours in {real:.1f} seconds.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = _Parser(prog="flyte-testkit", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="play a nightly run through real flytekit, and draw it")
    serve = commands.add_parser("serve", help="serve until interrupted, in real time")
    serve.add_argument("--port", type=_port, default=0, help="where to listen (a free port)")
    serve.add_argument("--quiet", action="store_true", help="do not tell of each call")
    serve.add_argument("--project", default="flytesnacks", help="a project to have (%(default)s)")
    serve.add_argument("--domain", default="development", help="its domain (%(default)s)")
    serve.add_argument(
        "--plays",
        nargs=2,
        action="append",
        default=[],
        metavar=("LAUNCH_PLAN", "TIMELINE"),
        help="what its launches play, such as 'RUNNING 10s -> SUCCEEDED {\"auc\": 0.9}'; if given "
        "again, one launch after the other plays the next one, and all later ones the last",
    )
    for each in (parser, demo, serve):  # people ask for it behind a command, too
        each.add_argument("--version", action="version", version=_version())
    options = parser.parse_args(arguments)
    try:
        if options.command == "demo":
            return _demo()
        return _serve(options)
    except FlyteTestkitError as error:
        print(f"flyte-testkit: {error}", file=sys.stderr)
        return 1


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415  it takes a while, and most need it not

    try:
        return f"flyte-testkit {metadata.version('flyte-testkit')}"
    except metadata.PackageNotFoundError:  # run from a directory of sources
        return "flyte-testkit, not installed"


def _demo() -> int:
    import time  # noqa: PLC0415  real time, read before it is governed

    from flyte_testkit import failures, flytekit_bridge, queued, render  # noqa: PLC0415
    from flyte_testkit.server import FakeFlyteAdmin  # noqa: PLC0415
    from flyte_testkit.world import governed_by  # noqa: PLC0415

    flytekit_bridge.require("flyte-testkit demo")
    began = time.monotonic()
    with FakeFlyteAdmin() as admin, governed_by(admin.clock), admin.env():
        start = admin.clock.now()
        admin.register("nightly", inputs={"day": str}, outputs={"auc": float})
        admin.on_launch("nightly").plays(
            queued(300).running(36_000).fails(failures.oom_killed()),
            queued(60).running(32_400).succeeds(auc=0.91),
        )
        auc = _run_nightly(admin.remote(), str(start.date()))
        picture = render.text(admin)
        hours = admin.clock.elapsed / 3600
    print(_DEMO.format(start=start, hours=hours, real=time.monotonic() - began))
    print(picture)
    print(f"\nrun_nightly(…) returned {auc!r}")
    return 0


def _run_nightly(remote: Any, day: str) -> float:
    """Launch the nightly run, and once more if it fails: what a team would have in production."""
    plan = remote.fetch_launch_plan(name="nightly")
    for _ in range(2):
        execution = remote.execute(plan, inputs={"day": day})
        execution = remote.wait(execution, poll_interval=300)
        if execution.is_successful:
            return float(execution.outputs["auc"])
    raise RuntimeError(execution.error.message)


def _serve(options: argparse.Namespace) -> int:
    from flyte_testkit.serving import serve  # noqa: PLC0415  the demo needs none of it

    scripts: dict[str, list[Timeline]] = {}
    for launch_plan, text in options.plays:
        scripts.setdefault(launch_plan, []).append(Timeline.parse(text))
    serve(
        scripts,
        port=options.port,
        project=options.project,
        domain=options.domain,
        quiet=options.quiet,
    )
    return 0


class _Parser(argparse.ArgumentParser):
    """A parser that suggests what was meant."""

    def error(self, message: str) -> NoReturn:
        """Refuse a command line; argparse's own words are not all true or helpful."""
        if found := _CHOICE.search(message):
            wrong, known = found[1], re.findall(r"\w+", found[2])
            message = f"there is no command {wrong!r}, only {' and '.join(known)}."
            message = f"invalid choice: {wrong!r}: {message}{close_names(wrong, known)}"
        elif found := _UNKNOWN.fullmatch(message):
            wrong = found[1].split("=")[0]
            known = [option for action in self._every_action() for option in action.option_strings]
            message = f"unrecognized arguments: {found[1]}.{close_names(wrong, known)}"
        super().error(message)

    def _every_action(self) -> Iterator[argparse.Action]:
        for action in self._actions:
            yield action
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  it has no other name
                for parser in action.choices.values():
                    yield from parser._actions  # noqa: SLF001  likewise


_CHOICE = re.compile(r"invalid choice: '?([^' ]*)'? \(choose from (.*)\)")
_UNKNOWN = re.compile(r"unrecognized arguments: (\S+).*")


def _port(text: str) -> int:
    """Read a port.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        port = int(text)
    except ValueError:
        port = -1
    if port not in range(2**16):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no port: they go up to 65535, and 0 finds a free one"
        )
    return port
