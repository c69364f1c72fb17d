"""Files, directories and tables that stand for what lies at a URI.

flytekit's ``FlyteFile``, ``FlyteDirectory``, ``StructuredDataset`` and ``FlyteSchema`` are known by
their classes' names, so nothing is imported for them; messages and models of Flyte's own
references are known as well. Nothing is up- or downloaded. Ignorant of literals.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from flyteidl.core import literals_pb2, types_pb2

__all__ = ["Reference", "reference_of", "tag_of_reference"]

_KINDS = {
    "FlyteFile": "file",
    "FlyteDirectory": "directory",
    "StructuredDataset": "table",
    "FlyteSchema": "schema",
}
_TAGS = {
    "file": "FlyteFilePath",
    "directory": "FlyteDirectory",
    "table": "StructuredDataset Transformer",
    "schema": "FlyteSchema Transformer",
}


class Reference(NamedTuple):
    """What lies at a URI.

    Attributes:
        kind: What it is: a ``file``, a ``directory``, a ``table`` or a ``schema``.
        uri: Where; None if it is nowhere yet, as a data frame in memory is.
        format: Its format, such as ``csv``; empty if nothing is said.
    """

    kind: str
    uri: str | None
    format: str = ""

    @property
    def type(self) -> types_pb2.LiteralType:
        """The type that flytekit declares for it."""
        if self.kind == "table":
            table = types_pb2.StructuredDatasetType(format=self.format)
            return types_pb2.LiteralType(structured_dataset_type=table)
        if self.kind == "schema":
            return types_pb2.LiteralType(schema=types_pb2.SchemaType())
        several = types_pb2.BlobType.MULTIPART if self.kind == "directory" else _SINGLE
        blob = types_pb2.BlobType(format=self.format, dimensionality=several)
        return types_pb2.LiteralType(blob=blob)

    @property
    def fields(self) -> dict[str, Any]:
        """How flytekit writes it into a dataclass."""
        if self.kind == "table":
            return {"uri": self.uri, "file_format": self.format}
        return {"remote_path" if self.kind == "schema" else "path": self.uri}

    def fits(self, declared: types_pb2.LiteralType) -> bool:
        """Say whether it is of a declared kind: a directory is no file, a table no directory."""
        kind = str(declared.WhichOneof("type"))
        if kind == "blob":
            several = declared.blob.dimensionality == types_pb2.BlobType.MULTIPART
            return self.kind == ("directory" if several else "file")
        return kind == {"table": "structured_dataset_type", "schema": "schema"}.get(self.kind)


_SINGLE = types_pb2.BlobType.SINGLE


def tag_of_reference(cls: type) -> str | None:
    """Return how flytekit tags a variant of a union for a class; None if it is no reference."""
    name = _flytekits(cls)
    return None if name is None else _TAGS[_KINDS[name]]


def _flytekits(cls: type) -> str | None:
    """Return which of flytekit's references a class is, by name."""
    for base in cls.__mro__:
        if base.__name__ in _KINDS and base.__module__.partition(".")[0] == "flytekit":
            return base.__name__
    return None


def reference_of(value: object) -> Reference | None:
    """Return a value as a reference, if it is one.

    Example:
        >>> reference_of(literals_pb2.Blob(uri="s3://bucket/model.pt"))
        Reference(kind='file', uri='s3://bucket/model.pt', format='')
    """
    if isinstance(value, type):
        return None
    name = _flytekits(type(value))
    if name is not None:
        return Reference(_KINDS[name], _uri(value), _format(name, value))
    convert = getattr(value, "to_flyte_idl", None)
    return _of_message(convert() if callable(convert) else value)


def _of_message(message: object) -> Reference | None:
    if isinstance(message, literals_pb2.Blob):
        blob = message.metadata.type
        several = blob.dimensionality == types_pb2.BlobType.MULTIPART
        return Reference("directory" if several else "file", message.uri, blob.format)
    if isinstance(message, literals_pb2.StructuredDataset):
        table = message.metadata.structured_dataset_type
        return Reference("table", message.uri, table.format)
    if isinstance(message, literals_pb2.Schema):
        return Reference("schema", message.uri)
    return None


def _uri(value: object) -> str | None:
    """Return where it lies: its remote source if it was fetched, else what it was made of.

    Attributes are read one by one: asking a file for its path as ``os.fspath`` does downloads it.
    """
    for attribute in ("_remote_source", "_remote_path", "_uri", "uri", "remote_path", "path"):
        found = getattr(value, attribute, None)
        if isinstance(found, (str, os.PathLike)) and found:
            return found if isinstance(found, str) else str(found)
    return None


def _format(name: str, value: object) -> str:
    if name == "StructuredDataset":  # its own word for "any" is an empty text
        return str(getattr(value, "file_format", "") or "")
    extension = getattr(value, "extension", None)
    return str(extension()) if callable(extension) else ""
