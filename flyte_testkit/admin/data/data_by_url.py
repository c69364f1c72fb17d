"""What ``flyte://`` URLs name: the data of nodes and of their attempts, and links to decks (§18).

Ignorant of how data and links come about: others are asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import node_execution_pb2, task_execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.service import dataproxy_pb2

from flyte_testkit.admin.data import flyte_urls
from flyte_testkit.admin.errors import invalid_argument
from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core.identifier_pb2 import NodeExecutionIdentifier, TaskExecutionIdentifier
    from flyteidl.core.literals_pb2 import LiteralMap

    from flyte_testkit.admin.data.data_proxy import DataProxy
    from flyte_testkit.admin.runs.node_executions import NodeExecutionManager
    from flyte_testkit.admin.runs.task_executions import TaskExecutionManager

__all__ = ["DataByUrl"]


class DataByUrl:
    """Answers GetData.

    Args:
        nodes: What answers about nodes.
        task_executions: What answers about their attempts.
        data_proxy: What makes links to decks.
    """

    def __init__(
        self,
        *,
        nodes: NodeExecutionManager,
        task_executions: TaskExecutionManager,
        data_proxy: DataProxy,
    ) -> None:
        self._nodes = nodes
        self._task_executions = task_executions
        self._data_proxy = data_proxy

    def get_data(
        self, request: dataproxy_pb2.GetDataRequest, now: datetime
    ) -> dataproxy_pb2.GetDataResponse:
        """Return what a ``flyte://`` URL names: literals, one literal, or a link to a deck.

        Raises:
            AdminError: The URL is none, or there is no such node, attempt, literal or deck.
        """
        try:
            _check_flyte_url(request.flyte_url)
        except ValueError as error:
            raise invalid_argument(
                f"failed to validate resolve artifact request. Error: {error}"
            ) from None
        url = flyte_urls.parse(request.flyte_url)
        if url.attempt is not None:
            return self._data_of_attempt(url, url.attempt, now)
        return self._data_of_node(url, now)

    def _data_of_node(
        self, url: flyte_urls.FlyteUrl, now: datetime
    ) -> dataproxy_pb2.GetDataResponse:
        request = node_execution_pb2.NodeExecutionGetDataRequest(id=url.node)
        data = self._nodes.get_node_execution_data(request, now)
        if url.kind == "d":
            deck = dataproxy_pb2.CreateDownloadLinkRequest(
                artifact_type=dataproxy_pb2.ARTIFACT_TYPE_DECK, node_execution_id=url.node
            )
            link = self._data_proxy.create_download_link(deck, now)
            return dataproxy_pb2.GetDataResponse(pre_signed_urls=link.pre_signed_urls)
        literals = data.full_inputs if url.kind == "i" else data.full_outputs
        return _chosen(literals, url.literal, "node execution", url.node)

    def _data_of_attempt(
        self, url: flyte_urls.FlyteUrl, attempt: int, now: datetime
    ) -> dataproxy_pb2.GetDataResponse:
        id_ = self._attempt_id(url.node, attempt, now)
        request = task_execution_pb2.TaskExecutionGetDataRequest(id=id_)
        data = self._task_executions.get_task_execution_data(request, now)
        if url.kind == "d":
            raise invalid_argument(
                "deck type cannot be specified with a retry attempt, just use the node instead"
            )
        literals = data.full_inputs if url.kind == "i" else data.full_outputs
        return _chosen(literals, url.literal, "task execution", id_)

    def _attempt_id(
        self, node: NodeExecutionIdentifier, attempt: int, now: datetime
    ) -> TaskExecutionIdentifier:
        """Return the whole id of an attempt, of whose task a URL says nothing.

        Raises:
            AdminError: There is no such attempt.
        """
        partial = identifier_pb2.TaskExecutionIdentifier(
            node_execution_id=node, retry_attempt=attempt
        )
        request = task_execution_pb2.TaskExecutionListRequest(
            node_execution_id=node, limit=1, filters=f"eq(retry_attempt,{attempt})"
        )
        found = self._task_executions.list_task_executions(request, now).task_executions
        if not found:
            raise invalid_argument(
                f"no task executions were listed [{prototext(partial)}]. Error: <nil>"
            )
        return found[0].id


def _check_flyte_url(url: str) -> None:
    """Check that there is a URL, and of the right scheme.

    Raises:
        ValueError: There is not; the text is FlyteAdmin's.
    """
    if not url:
        raise ValueError("source is required. Provided empty string")
    if not url.startswith(flyte_urls.SCHEME):
        raise ValueError("request does not start with the correct prefix")


def _chosen(
    literals: LiteralMap,
    name: str,
    kind: str,
    id_: NodeExecutionIdentifier | TaskExecutionIdentifier,
) -> dataproxy_pb2.GetDataResponse:
    """Return all literals, or the one that is wanted.

    Raises:
        AdminError: There is none of this name.
    """
    if not name:
        return dataproxy_pb2.GetDataResponse(literal_map=literals)
    if name not in literals.literals:
        raise invalid_argument(f"name [{name}] not found in {kind} [{prototext(id_)}]")
    return dataproxy_pb2.GetDataResponse(literal=literals.literals[name])
