"""Stories of an engine as values: what ran, who launched it, and what was told, in order.

A folder has a file a story; the project's own copy is one compressed file. Ignorant of what an
engine ought to tell and of who is asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]
MAIN = "main"


@dataclass(frozen=True)
class Event:
    """One event of an engine.

    Attributes:
        kind: Whose: of a workflow, node or task.
        body: The message as proto-JSON, without its own times.
        at: When it happened, in seconds since the first event of ``main``.
        sent: When FlyteAdmin got it.
        reported: When the engine says that it told; None if it does not.
        code: Why FlyteAdmin refused it; empty if it did not.
        message: Likewise, in words.
    """

    kind: str
    body: Json
    at: float = 0.0
    sent: float = 0.0
    reported: float | None = None
    code: str = ""
    message: str = ""

    @classmethod
    def read(cls, entry: Json) -> Event:
        """Read an event; one that was only written for comparison has no ``sent``."""
        at = entry.get("at", 0.0)
        return cls(
            entry["kind"],
            entry["event"],
            at,
            entry.get("sent", at),
            entry.get("reported"),
            entry.get("code", ""),
            entry.get("message", ""),
        )

    @property
    def phase(self) -> str:
        """The phase that it tells."""
        return self.body.get("phase", "UNDEFINED")

    @property
    def node(self) -> str:
        """The unique id of the node that it is about, or whose task it is; none of a workflow."""
        if self.kind == "workflow":
            return ""
        return self.body["id" if self.kind == "node" else "parent_node_execution_id"]["node_id"]

    @property
    def spec(self) -> str:
        """The id of the node in its workflow; the events of its abortion lack it."""
        return self.body.get("spec_node_id", "")

    @property
    def parent(self) -> str:
        """The unique id of the node above; empty at the top and where the event does not say."""
        return self.body.get("parent_node_metadata", {}).get("node_id", "")

    @property
    def attempt(self) -> int:
        """The attempt of a task."""
        return self.body.get("retry_attempt", 0)

    @property
    def subject(self) -> tuple[str, str, int]:
        """What it is about: the workflow, a node, or an attempt of a task."""
        return self.kind, self.node, self.attempt

    @property
    def is_of_a_map(self) -> bool:
        """Whether a map's task tells it."""
        return self.kind == "task" and self.body.get("task_type") == "container_array"

    @property
    def items(self) -> list[Json]:
        """What it says of a map's items."""
        return self.body.get("metadata", {}).get("external_resources", [])

    @property
    def metadata(self) -> Json:
        """What a node's event says of its task."""
        return self.body.get("task_node_metadata", {})


@dataclass(frozen=True)
class Told:
    """What was told of one execution.

    Attributes:
        key: Which it is in its story: ``main``, ``child1``, ``recovered`` …
        events: In the order of sending.
        calls: What else its engine asked of FlyteAdmin.
    """

    key: str
    events: tuple[Event, ...]
    calls: tuple[Json, ...] = ()

    def kept(self) -> Iterator[Event]:
        """Yield the events that FlyteAdmin took."""
        return (event for event in self.events if not event.code)


@dataclass(frozen=True)
class Story:
    """What happened to the executions of one test.

    Attributes:
        name: The name of its file; nothing may depend on it.
        told: The executions by their keys, in the order in which they were launched.
        workflow: What ran: ``primary``, ``sub_workflows``, ``tasks``; as FlyteAdmin compiled it.
        whole: All that the file holds.
    """

    name: str
    told: Mapping[str, Told]
    workflow: Json = field(default_factory=dict)
    whole: Json = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, whole: Json) -> Story:
        """Read a story; what was written for comparison has no more than executions."""
        told = {
            key: Told(
                key,
                tuple(map(Event.read, execution["events"])),
                tuple(execution.get("calls", ())),
            )
            for key, execution in whole["executions"].items()
        }
        return cls(name, told, whole.get("workflow", {}), {"story": name, **whole})

    @property
    def is_single_task(self) -> bool:
        """Whether a task was launched, and no workflow."""
        launched = self.whole["after"][MAIN]["execution"]["spec"]["launch_plan"]
        return launched.get("resource_type") == "TASK"

    @property
    def ends(self) -> bool:
        """Whether all of its executions came to an end."""
        last = [
            [event.phase for event in told.events if event.kind == "workflow"][-1:]
            for told in self.told.values()
        ]
        return all(phases and phases[0] in ("SUCCEEDED", "FAILED", "ABORTED") for phases in last)


def of_the_project() -> Iterator[Story]:
    """Yield the stories of the project's own copy."""
    for whole in recorded.read("engine"):
        yield Story.read(whole["story"], whole)


def in_folder(folder: Path) -> Iterator[Story]:
    """Yield the stories of a folder.

    Raises:
        FileNotFoundError: There are none.
        ValueError: A file is none.
    """
    paths = sorted(Path(folder).glob("*.json"))
    if not paths:
        raise FileNotFoundError(f"{folder} has no stories: files named <story>.json")
    for path in paths:
        try:
            yield Story.read(path.stem, json.loads(path.read_text("utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no story: {error!r}") from error
