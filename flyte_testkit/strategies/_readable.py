"""The fields that no real client of FlyteAdmin meets, and that flytekit stumbles over.

Found by letting flytekit 1.16.31 read and write back messages of all kinds; each line says what
came of it. Ignorant of how messages are drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["READABLE"]

READABLE: Final[Mapping[str, st.SearchStrategy[Any] | None]] = {
    # FlyteAdmin puts outputs into its store and sends their URI. flytekit takes these values for
    # a blob that has values itself, and raises ValueError.
    "flyteidl.admin.LiteralMapBlob.values": None,
    # Sent no more since outputs have URIs; flytekit raises ValueError for it, too.
    "flyteidl.admin.ExecutionClosure.output_data": None,
    # Read as a message, written as a model: AttributeError.
    "flyteidl.core.Scalar.error": None,
    "flyteidl.core.TaskNodeOverrides.pod_template": None,
    # Checked as the shell does: ValueError. Registering such a task fails before it is sent.
    "flyteidl.core.Secret.env_var": st.from_regex("[A-Z_][A-Z0-9_]{0,11}", fullmatch=True),
}
"""What is drawn for a field, by its full name; nothing if it is left out."""
