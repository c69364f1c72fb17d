"""Laws: what code that waits and launches should do, whatever happens, as suites to inherit.

::

    class TestOurWait(laws.WaitingLaws):
        poll_interval = 10

        def wait(self, remote, execution, timeout):
            return our_wait(remote, execution, timeout)

That is a whole test suite. Hypothesis makes up lives of executions and outages of servers; each law
is a test; and a law that is broken is told with the shortest story that breaks it, a picture of
what the client did when, and a test to keep. :class:`LaunchingLaws` are the same for code that
launches, and :class:`TreeLaws` for code that reads the nodes of an execution.
:class:`FlyteAdminMachine` drives a whole fake FlyteAdmin against a model of its rules,
and :func:`backend` gives property tests of your own a clean server for each example.
"""

from flyte_testkit.laws._backend import backend
from flyte_testkit.laws._launching import LaunchingLaws
from flyte_testkit.laws._machine import FlyteAdminMachine, ModelExecution, event_refusal
from flyte_testkit.laws._trees import TreeLaws
from flyte_testkit.laws._waiting import WaitingLaws

__all__ = [
    "FlyteAdminMachine",
    "LaunchingLaws",
    "ModelExecution",
    "TreeLaws",
    "WaitingLaws",
    "backend",
    "event_refusal",
]
