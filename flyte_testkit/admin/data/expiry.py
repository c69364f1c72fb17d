"""How long signed URLs hold, as requests ask for it and FlyteAdmin allows it (§18).

Ignorant of what is signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from flyte_testkit.admin.errors import invalid_argument
from flyte_testkit.admin.go import durations as go_durations
from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from flyteidl.service import dataproxy_pb2

__all__ = ["of_download", "of_upload"]

_LONGEST = Duration(seconds=3600)  # maxExpiresIn, of uploads and of downloads; also the default
_LONGEST_NS = go_durations.nanoseconds(_LONGEST)


def of_upload(request: dataproxy_pb2.CreateUploadLocationRequest) -> Duration:
    """Return how long an upload may take; that it is less than nothing shows when it is signed.

    Raises:
        AdminError: It is no duration, or too long.
    """
    if not request.HasField("expires_in"):
        return _LONGEST
    if not go_durations.is_valid(request.expires_in):
        raise invalid_argument(f"expiresIn [{prototext(request.expires_in)}] is invalid")
    length = go_durations.nanoseconds(request.expires_in)
    if length > _LONGEST_NS:
        raise invalid_argument(
            f"expiresIn [{go_durations.text(length)}] "
            f"cannot exceed max allowed expiration [{go_durations.text(_LONGEST_NS)}]"
        )
    return request.expires_in


def of_download(
    request: dataproxy_pb2.CreateDownloadLocationRequest | dataproxy_pb2.CreateDownloadLinkRequest,
) -> Duration:
    """Return how long a download may take.

    Raises:
        ValueError: It is no duration, too long, or less than nothing; the text is FlyteAdmin's.
    """
    if not request.HasField("expires_in"):
        return _LONGEST
    length = go_durations.nanoseconds(request.expires_in)
    if not go_durations.is_valid(request.expires_in):
        complaint = f"[{prototext(request.expires_in)}] is invalid"
    elif length < 0:
        complaint = f"[{go_durations.text(length)}] should not less than 0"
    elif length > _LONGEST_NS:
        longest = go_durations.text(_LONGEST_NS)
        complaint = (
            f"[{go_durations.text(length)}] cannot exceed max allowed expiration [{longest}]"
        )
    else:
        return request.expires_in
    raise ValueError(f"expiresIn is invalid. Error: input duration {complaint}")
