"""Who we are: a bearer token by OAuth 2's client credentials.

The server tells where tokens are given (``AuthMetadataService``); a token is fetched before the
first call and again when the server no longer takes it. There is no other flow here: a browser has
no place in a test run or a scheduler.

This module is ignorant of what is called with the token.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlencode
from urllib.request import Request, urlopen

import grpc
from flyteidl.service import auth_pb2, auth_pb2_grpc

from flyte_testkit.client.exceptions import FlyteAssertion, FlyteAuthenticationException

if TYPE_CHECKING:
    from flyte_testkit.client.config import PlatformConfig

__all__ = ["ClientCredentials"]

_TIMEOUT = 60.0

Metadata = tuple[tuple[str, str], ...]


class ClientCredentials:
    """A token, fetched when it is first needed and shared by all threads.

    Raises:
        FlyteAssertion: The configuration lacks the id or the secret.
    """

    def __init__(self, platform: PlatformConfig, channel: grpc.Channel) -> None:
        if not platform.client_id or not platform.client_credentials_secret:
            raise FlyteAssertion(
                "auth_mode is client_credentials, which takes client_id and "
                f"client_credentials_secret: client_id is {platform.client_id!r}, the secret is "
                f"{'set' if platform.client_credentials_secret else 'not set'}."
            )
        self._platform = platform
        self._service = auth_pb2_grpc.AuthMetadataServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        self._lock = threading.Lock()
        self._metadata: Metadata | None = None

    def metadata(self) -> Metadata:
        """Return the headers of a call."""
        with self._lock:
            if self._metadata is None:
                self._metadata = self._fetched()
            return self._metadata

    def renewed(self, refused: Metadata) -> Metadata:
        """Return new headers after the server refused those, fetching them once for all threads."""
        with self._lock:
            if self._metadata is None or self._metadata == refused:
                self._metadata = self._fetched()
            return self._metadata

    def _fetched(self) -> Metadata:
        try:
            public = self._service.GetPublicClientConfig(
                auth_pb2.PublicClientAuthConfigRequest(), timeout=_TIMEOUT
            )
            server = self._service.GetOAuth2Metadata(
                auth_pb2.OAuth2MetadataRequest(), timeout=_TIMEOUT
            )
        except grpc.RpcError as error:
            raise FlyteAuthenticationException(
                f"{self._platform.endpoint!r} does not tell where tokens are given: {error}. "
                "Is authentication turned on there?"
            ) from error
        form = {"grant_type": "client_credentials"}
        scopes = self._platform.scopes or tuple(public.scopes)
        audience = self._platform.audience or public.audience
        if scopes:
            form["scope"] = " ".join(scopes)
        if audience:
            form["audience"] = audience
        token = self._token(server.token_endpoint, form)
        return ((public.authorization_metadata_key or "authorization", f"Bearer {token}"),)

    def _token(self, url: str, form: dict[str, str]) -> str:
        platform = self._platform
        pair = f"{platform.client_id}:{quote_plus(platform.client_credentials_secret or '')}"
        request = Request(  # noqa: S310  the server of the configuration names it
            url,
            data=urlencode(form).encode(),
            headers={
                "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        try:
            with urlopen(request, timeout=_TIMEOUT, context=self._tls(url)) as answer:  # noqa: S310  likewise
                return str(json.load(answer)["access_token"])
        except (OSError, KeyError, ValueError) as error:
            raise FlyteAuthenticationException(
                f"No token for client {platform.client_id!r} from {url!r}: {error!r}. "
                "Check client_id and client_credentials_secret."
            ) from error

    def _tls(self, url: str) -> ssl.SSLContext | None:
        if not url.startswith("https"):
            return None
        context = ssl.create_default_context(cafile=self._platform.ca_cert_file_path)
        if self._platform.insecure_skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
