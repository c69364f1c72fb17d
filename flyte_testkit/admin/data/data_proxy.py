"""The data proxy: places for uploads, and links to objects and to decks (§18).

It never asks whether a project exists. Ignorant of how objects are reached: its signer knows.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

from flyteidl.admin import node_execution_pb2
from flyteidl.service import dataproxy_pb2

from flyte_testkit.admin.data import expiry
from flyte_testkit.admin.data.signing import NoSigner, Signer, signed_url
from flyte_testkit.admin.database import objects, times
from flyte_testkit.admin.database.blobs import CONTAINER
from flyte_testkit.admin.errors import AdminError, internal, invalid_argument, not_found
from flyte_testkit.admin.executions.random_names import invented
from flyte_testkit.admin.go import durations as go_durations
from flyte_testkit.admin.go import urls as go_urls
from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flyteidl.admin import common_pb2
    from google.protobuf.duration_pb2 import Duration

    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.admin.executions.random_names import Chance
    from flyte_testkit.admin.runs.node_executions import NodeExecutionManager

__all__ = ["DataProxy"]

_Data = TypeVar("_Data", bound=Any)

_NAME_LENGTH = 20  # defaultFileNameLength
_DATA_LINK = 3600
"""Seconds that a URL of data holds: as long as one of a file may."""


class DataProxy:
    """Answers the RPCs of DataProxyService.

    Args:
        store: Where rows and objects are.
        nodes: What answers about nodes.
        chance: What names of files are drawn from.

    Attributes:
        signer: What signs URLs; whoever serves the objects puts itself here.
    """

    def __init__(
        self,
        store: Store,
        *,
        nodes: NodeExecutionManager,
        chance: Chance,
    ) -> None:
        self.signer: Signer = NoSigner()
        self._store = store
        self._nodes = nodes
        self._chance = chance

    def create_upload_location(
        self, request: dataproxy_pb2.CreateUploadLocationRequest, now: datetime
    ) -> dataproxy_pb2.CreateUploadLocationResponse:
        """Return a URL that an object can be put to.

        A place that is derived from the hash of its content is never guarded: what is there
        already can only be the same.

        Raises:
            AdminError: The request is incomplete, its file is there already with another content,
                the place makes no URL, or the time is wrong.
        """
        if not (request.project and request.domain):
            raise invalid_argument("project and domain are required parameters")
        if not (request.filename_root or request.content_md5):
            raise invalid_argument("content_md5 or filename_root is a required parameter")
        if request.filename and request.filename_root:
            self._check_free(request)
        expires_in = expiry.of_upload(request)
        name = request.filename or invented(self._chance.random, _NAME_LENGTH)
        uri = _upload_uri(request, name, "shardedStorageLocation")
        md5 = base64.b64encode(request.content_md5).decode()
        metadata = {"x-amz-meta-flyteContentMD5": md5} if request.add_content_md5_metadata else {}
        url = signed_url(
            self.signer,
            "PUT",
            objects.place(uri),
            now=now,
            nanoseconds=go_durations.nanoseconds(expires_in),
            headers={"Content-MD5": md5, **metadata} if md5 else {},
        )
        return dataproxy_pb2.CreateUploadLocationResponse(
            signed_url=url,
            native_url=uri,
            expires_at=times.plus(times.stamp(now), expires_in),
            headers={"Content-MD5": md5, "Content-Length": str(len(md5)), **metadata},
        )

    def _check_free(self, request: dataproxy_pb2.CreateUploadLocationRequest) -> None:
        """Refuse to let an object be replaced by another.

        Raises:
            AdminError: It would be, or the hash that says otherwise is missing.
        """
        uri = _upload_uri(request, request.filename, "storage location")
        there = objects.read(self._store, objects.place(uri))
        if there is not None and _md5(there) != request.content_md5:
            raise AdminError(
                "ALREADY_EXISTS",
                f"file already exists at location [{uri}], "
                "specify a matching hash if you wish to rewrite",
            )

    def create_download_location(
        self, request: dataproxy_pb2.CreateDownloadLocationRequest, now: datetime
    ) -> dataproxy_pb2.CreateDownloadLocationResponse:
        """Return a URL that an object can be got from, whether or not there is one.

        Raises:
            AdminError: The time is wrong, or the native URL is none or names no object.
        """
        try:
            expires_in = expiry.of_download(request)
        except ValueError as error:
            raise invalid_argument(f"error while validating request: {error}") from None
        try:
            where = objects.place(request.native_url)
        except go_urls.InvalidUrlError:
            raise invalid_argument(
                f"error while validating request: failed to parse native_url [{request.native_url}]"
            ) from None
        return dataproxy_pb2.CreateDownloadLocationResponse(
            signed_url=self._download_url(where, expires_in, now),
            expires_at=times.plus(times.stamp(now), expires_in),
        )

    def create_download_link(
        self, request: dataproxy_pb2.CreateDownloadLinkRequest, now: datetime
    ) -> dataproxy_pb2.CreateDownloadLinkResponse:
        """Return a URL that the deck of a node can be got from.

        Raises:
            AdminError: The request is incomplete, there is no such node, or no such deck.
        """
        try:
            expires_in = _link_time(request)
        except ValueError as error:
            raise invalid_argument(f"error while validating request. Error: {error}") from None
        where = self._deck(request, expires_in, now)
        urls = dataproxy_pb2.PreSignedURLs(
            signed_url=[self._download_url(where, expires_in, now)],
            expires_at=times.plus(times.stamp(now), expires_in),
        )
        return dataproxy_pb2.CreateDownloadLinkResponse(
            signed_url=urls.signed_url, expires_at=urls.expires_at, pre_signed_urls=urls
        )

    def _deck(
        self, request: dataproxy_pb2.CreateDownloadLinkRequest, expires_in: Duration, now: datetime
    ) -> objects.Place:
        """Return where the deck of a request's node lies.

        Raises:
            AdminError: There is no such node, no deck, or it lies where nobody can look.
        """
        node = node_execution_pb2.NodeExecutionGetRequest(id=request.node_execution_id)
        try:
            uri = self._nodes.get_node_execution(node, now).closure.deck_uri
        except AdminError as error:
            raise invalid_argument(
                f"failed to find node execution [{prototext(request.node_execution_id)}]. "
                f"Error: {error.message}"
            ) from None
        if not uri or request.artifact_type != dataproxy_pb2.ARTIFACT_TYPE_DECK:
            whole = dataproxy_pb2.CreateDownloadLinkRequest()
            whole.CopyFrom(request)
            whole.expires_in.CopyFrom(expires_in)
            raise not_found(f"no deckUrl found for request [{prototext(whole)}]")
        try:
            where = objects.place(uri)
        except go_urls.InvalidUrlError as error:
            raise _unseen(str(error)) from None
        if where.bucket != objects.BUCKET:
            raise _unseen(
                f"Conf container:{objects.BUCKET} != Passed Container:{where.bucket}. "
                "Dynamic loading is disabled: not found"
            )
        if objects.read(self._store, where) is None:
            raise not_found("object not found")
        return where

    def linking(
        self, get_data: Callable[[Any, datetime], _Data]
    ) -> Callable[[Any, datetime], _Data]:
        """Return a Get…Data call that signs a URL of what is too large for its reply."""

        def get(request: Any, now: datetime) -> _Data:
            reply = get_data(request, now)
            for part in (reply.inputs, reply.outputs):
                if part.url:
                    self._link(part, now)
            return reply

        return get

    def _link(self, part: common_pb2.UrlBlob, now: datetime) -> None:
        """Put a URL that can be read in the place of a URI; without a signer, nothing."""
        try:
            part.url = self.signer.link(objects.place(part.url), now=now, seconds=_DATA_LINK)
        except AdminError:
            part.Clear()

    def _download_url(self, where: objects.Place, expires_in: Duration, now: datetime) -> str:
        length = go_durations.nanoseconds(expires_in)
        return signed_url(self.signer, "GET", where, now=now, nanoseconds=length)


def _upload_uri(request: dataproxy_pb2.CreateUploadLocationRequest, name: str, what: str) -> str:
    """Return where an upload goes to.

    Raises:
        AdminError: A part of it holds what no URL can.
    """
    root = request.filename_root or base64.b32encode(request.content_md5).decode()
    parts = [request.org] * bool(request.org) + [request.project, request.domain, root, name]
    try:
        return go_urls.within(CONTAINER, *parts)
    except go_urls.InvalidUrlError as error:
        raise internal(
            f"failed to create {what}, Error: failed to construct datastore reference. "
            f"Error: Reference is of an invalid format [{CONTAINER}]: {error}"
        ) from None


def _link_time(request: dataproxy_pb2.CreateDownloadLinkRequest) -> Duration:
    """Return how long a link may be used, if the request has all that a link needs.

    Raises:
        ValueError: It has not; the text is FlyteAdmin's.
    """
    expires_in = expiry.of_download(request)
    if request.artifact_type == dataproxy_pb2.ARTIFACT_TYPE_UNDEFINED:
        raise ValueError("invalid artifact type [ARTIFACT_TYPE_UNDEFINED]")
    if not request.HasField("node_execution_id"):
        raise ValueError("source is required. Provided nil")
    return expires_in


def _unseen(why: str) -> AdminError:
    return internal(f"failed to head object before signing url. Error: {why}")


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()
