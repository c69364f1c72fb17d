"""Types as the compiler words them, which is not quite how the rest of FlyteAdmin does (§6).

Ignorant of which types fit each other.
"""

from __future__ import annotations

from flyteidl.core import types_pb2

from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.literals.inference import without_nils

__all__ = ["type_text"]


def type_text(kind: types_pb2.LiteralType) -> str:
    """Return a type as the compiler words it: as prototext, but for what is a STRUCT outside."""
    if kind.simple != types_pb2.STRUCT:
        return prototext(without_nils(kind))
    # The braces do not balance on the real server either.
    fields = ", ".join(
        f"dataclass_type:{{key:{name} value:{{{type_text(part)}}}"
        for name, part in sorted(kind.structure.dataclass_type.items())
    )
    return f"simple: STRUCT structure{{{fields}}}"
