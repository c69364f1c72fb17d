"""Which FlyteAdmin this is: GetVersion (§16).

A server that was built without further ado knows neither its version nor its build, so neither does
this one; clients that look into them are better off with the truth. Ignorant of the toolkit's own
version, which is no FlyteAdmin's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import version_pb2

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["get_version"]

_BUILD_TIME = "2024-01-01 00:00:00.000000001 +0000 UTC m=+0.000000001"


def get_version(
    _request: version_pb2.GetVersionRequest, _now: datetime
) -> version_pb2.GetVersionResponse:
    """Return what the build of the server knows of itself."""
    return version_pb2.GetVersionResponse(
        control_plane_version=version_pb2.Version(
            Build="unknown", Version="unknown", BuildTime=_BUILD_TIME
        )
    )
