"""The execution client: flytekit's API for executions on flyteidl and grpcio alone.

It launches, watches, signals and stops executions on any FlyteAdmin, and knows nothing of the fake
one beside it. The names are flytekit's; where the behavior is better than flytekit's, the
documentation lists the difference. For whoever reads it in one sitting, from the top:

    remote                what one calls: launching, listing, stopping
    ├── _watching         sync and wait
    │   ├── _waiting      the rhythm of waiting: budget, looks, patience
    │   └── _nodes        the walk through the nodes
    ├── _signals          gates
    ├── _launching        the request that launches
    └── _connection       how a remote is made; fetching entities (``_fetching``, ``entities``)
        ├── config        files and environment (``_yaml``)
        ├── _channel      plaintext and TLS;  ``_auth``: tokens
        └── _rpc          one call: deadline, retries, exceptions (``exceptions``)
    executions            what one looks at (``_live``: what its kinds share)
    ├── models            the messages, field by field (``_model``, ``phases``)
    └── literals          inputs and outputs (``_reading``, ``_writing``, ``_schema``,
                          ``_data``)

Example:
    >>> remote = FlyteRemote.for_endpoint("localhost:30080", insecure=True)
    >>> remote.close()
"""

from flyte_testkit.client._launching import Options
from flyte_testkit.client.config import Config, PlatformConfig
from flyte_testkit.client.entities import FlyteLaunchPlan, FlyteTask, FlyteWorkflow
from flyte_testkit.client.executions import (
    FlyteNodeExecution,
    FlyteTaskExecution,
    FlyteWorkflowExecution,
)
from flyte_testkit.client.literals import LiteralsResolver
from flyte_testkit.client.models import (
    Identifier,
    NodeExecutionIdentifier,
    TaskExecutionIdentifier,
    WorkflowExecutionIdentifier,
)
from flyte_testkit.client.phases import (
    NodeExecutionPhase,
    ResourceType,
    TaskExecutionPhase,
    WorkflowExecutionPhase,
)
from flyte_testkit.client.remote import FlyteRemote

__all__ = [
    "Config",
    "FlyteLaunchPlan",
    "FlyteNodeExecution",
    "FlyteRemote",
    "FlyteTask",
    "FlyteTaskExecution",
    "FlyteWorkflow",
    "FlyteWorkflowExecution",
    "Identifier",
    "LiteralsResolver",
    "NodeExecutionIdentifier",
    "NodeExecutionPhase",
    "Options",
    "PlatformConfig",
    "ResourceType",
    "TaskExecutionIdentifier",
    "TaskExecutionPhase",
    "WorkflowExecutionIdentifier",
    "WorkflowExecutionPhase",
]
