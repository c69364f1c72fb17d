"""The command line: run a day, say why a run failed, recover it.

Exit codes: 0 it succeeded, 1 it did not, 2 that makes no sense, 3 the time is up, 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from flytekit.configuration import Config
from flytekit.exceptions.user import FlyteEntityNotExistException
from flytekit.remote import FlyteRemote, FlyteWorkflowExecution

from nightly.launching import NameTakenError, launch
from nightly.reading import failure_of
from nightly.recovering import NotWorthIt, recover
from nightly.waiting import wait

__all__ = ["main"]

PROJECT, DOMAIN = "flytesnacks", "development"
PATIENCE = 4 * 3600  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; return the exit code."""
    parser = argparse.ArgumentParser("nightly", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="launch the run of a day, and wait for it")
    run.add_argument("day")
    run.add_argument("--timeout", type=float, default=PATIENCE, help="seconds")
    for verb, what in (("why", "say why a run failed"), ("recover", "recover a run, and wait")):
        verbs.add_parser(verb, help=what).add_argument("name")
    said = parser.parse_args(arguments)
    remote = FlyteRemote(Config.auto(), PROJECT, DOMAIN)
    try:
        if said.verb == "why":
            return _tell(remote, remote.fetch_execution(name=said.name))
        if said.verb == "recover":
            return _follow(remote, recover(remote, said.name), PATIENCE)
        return _follow(remote, launch(remote, said.day), said.timeout)
    except (NameTakenError, NotWorthIt) as reason:
        print(reason)
    except FlyteEntityNotExistException:
        print("Flyte has nothing of that name")
    return 2


def _follow(remote: FlyteRemote, execution: FlyteWorkflowExecution, timeout: float) -> int:
    """Wait for a run and tell how it ended; Ctrl-C terminates it."""
    print(f"waiting for {execution.id.name}")
    try:
        wait(remote, execution, timeout)
    except TimeoutError as error:
        print(error)
        return 3
    except (KeyboardInterrupt, SystemExit):  # flytekit takes SIGINT, and exits
        remote.terminate(execution, cause="Ctrl-C")
        print(f"terminated {execution.id.name}")
        return 130
    return _tell(remote, execution)


def _tell(remote: FlyteRemote, execution: FlyteWorkflowExecution) -> int:
    """Print how a run ended, and why."""
    remote.sync_execution(execution, sync_nodes=True)
    if not execution.is_done:
        print("it is not over yet")
        return 1
    if execution.is_successful:
        print(f"succeeded: {execution.outputs.get('o0', str)}")
        return 0
    failure = failure_of(execution)
    if execution.closure.abort_metadata is not None:
        print(f"aborted: {execution.closure.abort_metadata.cause}")
    elif failure is None:
        print(f"failed: {execution.error.message if execution.error else 'nobody says why'}")
    else:
        print(f"{failure.where} failed, attempt {failure.attempts}: {failure.message}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
