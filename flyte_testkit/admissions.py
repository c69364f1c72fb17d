"""What is played for a new execution: the routes are asked, and what they say is looked over.

Whoever is refused hears why, and the test hears it too when it ends. A refusal changes nothing: a
launch counts, and its script is used, once everything about it is found to be right. Ignorant of
how a script is played.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flyteidl.core import literals_pb2

from flyte_testkit import graphs, literals, trees
from flyte_testkit.admin.errors import failed_precondition
from flyte_testkit.admin.executions.executor import Admission
from flyte_testkit.beside import Beside
from flyte_testkit.engine.played import Scripted
from flyte_testkit.errors import FlyteTestkitError, TimelineError
from flyte_testkit.flow import made_outputs
from flyte_testkit.inferred import Name
from flyte_testkit.launches import Launch, UnscriptedLaunch
from flyte_testkit.nodes import Workflow
from flyte_testkit.propeller.phases import OUTCOMES
from flyte_testkit.settings import Settings
from flyte_testkit.timeline import Succeeds, Timeline
from flyte_testkit.walk import Walked, lone_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyteidl.admin import execution_pb2
    from flyteidl.core.compiler_pb2 import CompiledWorkflowClosure
    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
    from google.protobuf.message import Message

    from flyte_testkit.admin.database.rows import ExecutionRow, WorkflowRow
    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.engine.scripts import Made
    from flyte_testkit.inferred import Inferred
    from flyte_testkit.launches import Played, Routes
    from flyte_testkit.nodes import Where
    from flyte_testkit.unforeseen import Unforeseen

    Ask = Callable[[str, Message], Message]
    Look = Callable[[WorkflowExecutionIdentifier], execution_pb2.Execution]

__all__ = ["Admissions"]


class Admissions:
    """Says what the executions of one FlyteAdmin play.

    Args:
        store: What is registered.
        inferred: What is known from scripts alone, which may learn from a script function.
        routes: Where scripts are planted.
        unforeseen: Told of what is refused.
        strict: Whether launches without a script are refused; else they stay UNDEFINED.
        look: Gives what reads an execution as it is now, which only launches hold.
        ask: Gives what asks FlyteAdmin whatever else there is to read; likewise.
        stirred: Told when executions may go on that wait for others.
    """

    def __init__(
        self,
        store: Store,
        inferred: Inferred,
        routes: Routes,
        unforeseen: Unforeseen,
        *,
        strict: bool,
        look: Callable[[], Look | None],
        ask: Callable[[], Ask | None],
        stirred: Callable[[], object] = bool,
    ) -> None:
        self._store = store
        self._inferred = inferred
        self._routes = routes
        self._unforeseen = unforeseen
        self._strict = strict
        self._look = look
        self._ask = ask
        self._settings = Settings(store, stirred)

    def admit(self, row: ExecutionRow, inputs: literals_pb2.LiteralMap) -> Admission:
        """Admit a launch with the script that is planted for it.

        One that fails at birth plays nothing, and takes its script with it all the same; where
        nothing is planted at all it needs none.

        Raises:
            AdminError: FAILED_PRECONDITION, with help, when nothing is scripted for it, or the
                script is wrong.
        """
        launch, failed = self.launch(row, inputs), row.phase in OUTCOMES
        made: list[Admission] = []

        def admission(script: Played) -> None:
            made.append(Admission() if failed else self._admission(row, inputs, script))

        try:
            self._routes.claim(launch, admission)
        except UnscriptedLaunch as unscripted:
            if self._strict and unscripted.strict and (unscripted.surplus or not failed):
                self._unforeseen.add(str(unscripted))
                raise failed_precondition(str(unscripted)) from None
            return Admission()
        except FlyteTestkitError as wrong:
            self._unforeseen.add(str(wrong))
            raise failed_precondition(str(wrong)) from wrong
        return made[-1]

    def child(
        self, row: ExecutionRow, inputs: literals_pb2.LiteralMap, script: Played
    ) -> Admission:
        """Admit an execution that a node launches whose script says what it plays.

        It is a launch, but of no route.

        Raises:
            AdminError: FAILED_PRECONDITION, as for :meth:`admit`.
        """
        launch = self.launch(row, inputs)
        try:
            admission = self.given(launch, row, inputs, script)
        except FlyteTestkitError as wrong:
            name = row.message.spec.launch_plan.name
            text = f"{name!r} was launched, but what its node says cannot be played: {wrong}"
            self._unforeseen.add(text)
            raise failed_precondition(text) from wrong
        self._routes.launches.append(launch)
        return Admission() if row.phase in OUTCOMES else admission

    def given(
        self, launch: Launch, row: ExecutionRow, inputs: literals_pb2.LiteralMap, script: Played
    ) -> Admission:
        """Admit an execution with this script, whatever the routes say.

        Raises:
            FlyteTestkitError: It cannot play this script, or cannot have the outputs that it says.
        """
        launch.script = script
        return self._admission(row, inputs, script)

    def launch(self, row: ExecutionRow, inputs: literals_pb2.LiteralMap) -> Launch:
        """Return a new execution as tests see it."""
        first, workflow = row.message, self._workflow(row)
        declared = workflow.typed_interface.inputs if workflow else None
        look, ask, store = self._look(), self._ask(), self._store
        assert look is not None  # noqa: S101  somebody launches it
        assert ask is not None  # noqa: S101  likewise

        def read() -> execution_pb2.Execution:
            return look(first.id) if store.executions.get(*row.key) else first

        return Launch(read, first, inputs, declared, ask)

    def _admission(
        self, row: ExecutionRow, inputs: literals_pb2.LiteralMap, script: Played
    ) -> Admission:
        """Admit an execution with this script.

        Raises:
            FlyteTestkitError: It cannot play it.
        """
        if isinstance(script, Timeline):
            outputs = self._outputs(row, script)  # from which a stub may grow
            return Scripted(script, inputs, outputs, self._inside(row))
        closure, meets = self._closure(row, script), partial(self._settings.of, row)
        cast = graphs.cast(closure, script, inputs, Beside(self._store), meets)
        walked = Walked(cast, inputs, meets(cast))
        if problem := walked.unplayable():
            raise TimelineError(f"{row.message.spec.launch_plan.name!r}: {problem}.")
        return walked

    def _inside(self, row: ExecutionRow) -> Made | None:
        """Return what makes the one task of a workflow that is only known by its name.

        Of what is registered a timeline says nothing of the inside.
        """
        workflow = self._workflow(row)
        if workflow is None or not self._inferred.is_stub(workflow.key):
            return None
        return partial(lone_task, workflow.message.closure.compiled_workflow)

    def _closure(self, row: ExecutionRow, tree: Workflow | Where) -> CompiledWorkflowClosure:
        """Return what a new execution runs, which a tree may have told something new of.

        Raises:
            FlyteTestkitError: It tells what it cannot.
        """
        asked, workflow = row.message.spec.launch_plan, self._workflow(row)
        assert workflow is not None  # noqa: S101  nothing runs without one, and none is deleted
        place = Name(asked.project, asked.domain, asked.name)
        if not self._inferred.is_stub(workflow.key):
            if isinstance(tree, Workflow):
                raise trees.registered(asked.name, tree)
        elif place in self._inferred and workflow.name == asked.name:
            known = Beside(self._store)
            trees.learn_late(self._inferred, place, tree, row.created_at, known)
            workflow = self._workflow(row) or workflow
        return workflow.message.closure.compiled_workflow

    def _outputs(self, row: ExecutionRow, script: Timeline) -> literals_pb2.LiteralMap:
        """Return what a run that plays this script makes, if it succeeds.

        Raises:
            FlyteTestkitError: Such a run could not have made it.
        """
        if not isinstance(script.ending, Succeeds):
            return literals_pb2.LiteralMap()
        outputs, name = script.ending.outputs, row.message.spec.launch_plan.name
        workflow = self._workflow(row)
        if workflow is not None and not self._inferred.is_stub(workflow.key):
            return made_outputs(name, outputs, workflow.typed_interface.outputs)
        if not outputs:  # a stub has nothing to learn of that
            return literals_pb2.LiteralMap()
        asked = row.message.spec.launch_plan
        place = Name(asked.project, asked.domain, asked.name)
        if place in self._inferred:
            guess = self._inferred.guess(place).with_outputs(name, outputs)
            self._inferred.learn(place, guess, None, row.created_at)
            workflow = self._workflow(row)
        known = workflow.typed_interface.outputs.variables if workflow else {}
        types = {key: known[key].type for key in outputs if key in known}
        made = literals.literal_map({key: outputs[key] for key in types}, types, of="output")
        made.MergeFrom(literals.literal_map({k: outputs[k] for k in outputs if k not in types}))
        return made

    def _workflow(self, row: ExecutionRow) -> WorkflowRow | None:
        id_ = row.message.closure.workflow_id
        return self._store.workflows.get(id_.project, id_.domain, id_.name, id_.version)
