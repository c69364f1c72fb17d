"""Lets a fake's own engine play a story: people do what they did then, and scripts say the rest.

Ignorant of scripts: who performs a story plants them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import families
from doors import REQUESTS, over_grpc
from hearing import Heard
from story_files import MAIN
from story_steps import LAUNCH, OK, STOP
from telling import Teller

from flyte_testkit.propeller.pace import ABORTING_TAKES

AFTERWARDS = timedelta(minutes=1)
"""How long the engine may go on after the last step of the story."""


def performed(story, plant):
    """Play a story on a fresh fake; return what its engine sent, in the form to be compared.

    Args:
        story: The story; what it registers is there before ``plant`` is called.
        plant: Told of the fake and the story, to script its launches.

    Raises:
        AssertionError: A launch or a termination is refused that was not refused in life.
    """
    with performing(story, plant) as (_, go_to, heard):
        go_to(None)
        return heard.written()


@contextmanager
def performing(story, plant):
    """Play a story as far as it is asked for.

    Yields the fake; what goes to a moment, or to the end if that is None, and returns the names of
    executions by their keys; and what hears the engine. Arguments and errors are those of
    :func:`performed`.
    """
    with over_grpc("direct") as door:
        teller = Teller(story.whole, door)
        teller.call(families.names(story, teller.names))
        heard = Heard(door.admin, teller.names)
        teller.register()
        _agreed(teller)
        plant(door.fake, story)
        people = [_in_time(step) for step in sorted(_by_people(teller.steps), key=_when)]
        end = teller.steps[-1].at + AFTERWARDS

        def go_to(moment):
            while people and (moment is None or people[0].at <= moment):
                teller.take(people.pop(0))
            _agreed(teller)
            _look(door, teller, end if moment is None else moment)
            return teller.names

        yield door.fake, go_to, heard


def _agreed(teller):
    if teller.differences:
        raise AssertionError("\n".join(map(str, teller.differences)))


def _by_people(steps):
    """What people did; what they deleted behind FlyteAdmin's back is terminated instead."""
    people = [step for step in steps if step.by_people]
    launched = {step.key for step in people if step.turn == LAUNCH}
    deleted = launched - {step.key for step in people if step.turn == STOP}
    yield from people
    for step in steps:
        event = step.request.get("event", {})
        is_end = "execution_id" in event and event["phase"] == "ABORTED" and step.recorded == OK
        if step.key in deleted and is_end:
            where, request = f"stop of {step.key}", {"id": event["execution_id"]}
            yield replace(step, turn=STOP, where=where, rpc="TerminateExecution", request=request)


def _when(step):
    return step.at, step.turn


def _in_time(step):
    """A termination is told by its effect; the engine hears of it a moment earlier."""
    return replace(step, at=step.at - ABORTING_TAKES) if step.turn == STOP else step


def _look(door, teller, now):
    """Let the engine send all that is due, as it does when somebody asks."""
    request = REQUESTS["GetExecution"]()
    of = teller.story["after"][MAIN]["execution"]["id"]
    request.id.project, request.id.domain = of["project"], of["domain"]
    request.id.name = teller.names[MAIN]
    door.ask("GetExecution", request, now)
