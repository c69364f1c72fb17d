"""What a FlyteAdmin takes from its configuration files, as 1.16.8 ships them.

Ignorant of everything: names and numbers only.
"""

from __future__ import annotations

__all__ = [
    "DOMAINS",
    "MAX_BLOB_BYTES",
    "MAX_OUTPUT_BYTES",
    "MAX_PARALLELISM",
    "MAX_WORKFLOW_NODES",
    "TASK_LIMITS",
]

DOMAINS = ("development", "staging", "production")
"""Every domain, in the order of the configuration; an id is its own name."""

MAX_BLOB_BYTES = 2 * 2**20
"""``storage.limits.maxDownloadMBs``: what is read of one blob; a larger one is as good as none."""

MAX_OUTPUT_BYTES = 2 * 2**20
"""``remoteData.maxSizeInBytes``: what the inputs or outputs of one run may weigh."""

MAX_WORKFLOW_NODES = 100
"""``registration.maxWorkflowNodes``: start and end are not counted."""

TASK_LIMITS = {"cpu": "2", "memory": "1Gi", "gpu": "1"}
"""``task_resources.limits``: what a container may ask for at most; others are unbounded."""

MAX_PARALLELISM = 25
"""``flyteadmin.maxParallelism``: how many nodes run at once when nobody says."""
