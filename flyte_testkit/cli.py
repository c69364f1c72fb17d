"""The command ``flyte-testkit``: a demonstration, and a server for clients in other processes.

Ignorant of pytest: tests get their servers from the plugin.
"""

from __future__ import annotations

import argparse
import sys
import threading
from typing import TYPE_CHECKING, Any

from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flyte_testkit.launches import LaunchRoute

__all__ = ["main"]

_DEMO = """\
The nightly training, launched at {start:%H:%M}: ten hours of running, then out of memory; the code
under test launches it once more. Real flytekit, real gRPC, {hours:.1f} hours in {real:.1f} seconds.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="flyte-testkit", description=(__doc__ or "").partition("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="play a nightly run through real flytekit, and draw it")
    serve = commands.add_parser("serve", help="serve until interrupted, in real time")
    serve.add_argument("--port", type=int, default=0, help="where to listen (a free port)")
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
    options = parser.parse_args(arguments)
    try:
        if options.command == "demo":
            return _demo()
        return _serve(options)
    except FlyteTestkitError as error:
        print(f"flyte-testkit: {error}", file=sys.stderr)
        return 1


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
    from flyte_testkit.clock import SystemClock  # noqa: PLC0415
    from flyte_testkit.server import FakeFlyteAdmin  # noqa: PLC0415

    admin = FakeFlyteAdmin(
        clock=SystemClock(),
        port=options.port,
        strict=False,
        project=options.project,
        domain=options.domain,
    )
    scripts: dict[str, list[Timeline]] = {}
    for launch_plan, text in options.plays:
        scripts.setdefault(launch_plan, []).append(Timeline.parse(text))
    with admin:
        for launch_plan, timelines in scripts.items():
            _script(admin.on_launch(launch_plan), timelines)
        print(f"A fake FlyteAdmin listens on {admin.endpoint}. Reach it with:")
        print(f"  export FLYTE_PLATFORM_URL={admin.endpoint} FLYTE_PLATFORM_INSECURE=true")
        for launch_plan, timelines in scripts.items():
            print(f"{launch_plan!r} plays {', then '.join(map(str, timelines))}.")
        whose = "Other executions" if scripts else "Executions"
        print(f"{whose} stay UNDEFINED until somebody sends events. Ctrl-C stops it.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()
    return 0


def _script(route: LaunchRoute, timelines: Sequence[Timeline]) -> None:
    """Let launches play timelines in turn, and the last one ever after."""
    *first, last = timelines
    if first:
        route.plays(*first)
    route.always_plays(last)
