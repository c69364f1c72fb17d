"""The names of RPCs, as a type: a misspelling is an editor's error before it is ours.

Ignorant of what an RPC takes and gives, and of which are answered.
"""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["RPCS", "Rpc"]

Rpc = Literal[
    "CreateDownloadLink",
    "CreateDownloadLocation",
    "CreateExecution",
    "CreateLaunchPlan",
    "CreateNodeEvent",
    "CreateTask",
    "CreateTaskEvent",
    "CreateUploadLocation",
    "CreateWorkflow",
    "CreateWorkflowEvent",
    "DeleteProjectAttributes",
    "DeleteProjectDomainAttributes",
    "DeleteWorkflowAttributes",
    "GetActiveLaunchPlan",
    "GetData",
    "GetDescriptionEntity",
    "GetDomains",
    "GetDynamicNodeWorkflow",
    "GetExecution",
    "GetExecutionData",
    "GetExecutionMetrics",
    "GetLaunchPlan",
    "GetNamedEntity",
    "GetNodeExecution",
    "GetNodeExecutionData",
    "GetOrCreateSignal",
    "GetProject",
    "GetProjectAttributes",
    "GetProjectDomainAttributes",
    "GetTask",
    "GetTaskExecution",
    "GetTaskExecutionData",
    "GetVersion",
    "GetWorkflow",
    "GetWorkflowAttributes",
    "ListActiveLaunchPlans",
    "ListDescriptionEntities",
    "ListExecutions",
    "ListLaunchPlanIds",
    "ListLaunchPlans",
    "ListMatchableAttributes",
    "ListNamedEntities",
    "ListNodeExecutions",
    "ListNodeExecutionsForTask",
    "ListProjects",
    "ListSignals",
    "ListTaskExecutions",
    "ListTaskIds",
    "ListTasks",
    "ListWorkflowIds",
    "ListWorkflows",
    "RecoverExecution",
    "RegisterProject",
    "RelaunchExecution",
    "SetSignal",
    "TerminateExecution",
    "UpdateExecution",
    "UpdateLaunchPlan",
    "UpdateNamedEntity",
    "UpdateProject",
    "UpdateProjectAttributes",
    "UpdateProjectDomainAttributes",
    "UpdateWorkflowAttributes",
]

RPCS: frozenset[str] = frozenset(get_args(Rpc))
