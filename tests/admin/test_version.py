from __future__ import annotations

from builders import NOW
from flyteidl.admin import version_pb2

from flyte_testkit.admin.version import get_version


def test_the_version_is_as_unknown_as_that_of_a_plain_build():
    version = get_version(version_pb2.GetVersionRequest(), NOW).control_plane_version

    assert (version.Build, version.Version) == ("unknown", "unknown")
    assert version.BuildTime
