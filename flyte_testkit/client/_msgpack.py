"""MessagePack, as much of it as Flyte's binary literals use: no extension types.

Written here because it is a page of code and the client has no other need of a package. It is
ignorant of Flyte.
"""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["packb", "unpackb"]

_NUMBERS = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
_SIZED = {  # how long the length is, and what it is the length of
    0xC4: (">B", "bin"),
    0xC5: (">H", "bin"),
    0xC6: (">I", "bin"),
    0xD9: (">B", "str"),
    0xDA: (">H", "str"),
    0xDB: (">I", "str"),
    0xDC: (">H", "array"),
    0xDD: (">I", "array"),
    0xDE: (">H", "map"),
    0xDF: (">I", "map"),
}


def unpackb(data: bytes) -> Any:
    """Return the one value that the bytes hold.

    Raises:
        ValueError: The bytes end early, go on after the value, or hold an extension type.

    Example:
        >>> unpackb(bytes.fromhex("81a16105"))
        {'a': 5}
    """
    try:
        value, end = _read(data, 0)
    except (IndexError, struct.error):
        raise ValueError(
            f"MessagePack of {len(data)} bytes ends in the middle of a value"
        ) from None
    if end != len(data):
        raise ValueError(f"MessagePack of {len(data)} bytes holds a value of only {end}")
    return value


def packb(value: Any) -> bytes:
    """Return a value of None, booleans, numbers, text, bytes, lists and dicts as MessagePack.

    Raises:
        TypeError: There is something else in it.

    Example:
        >>> packb({"a": 5}).hex()
        '81a16105'
    """
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _read(data: bytes, at: int) -> tuple[Any, int]:
    code = data[at]
    at += 1
    if code <= 0x7F:
        return code, at
    if code >= 0xE0:
        return code - 0x100, at
    if code <= 0x8F:
        return _read_body(data, at, "map", code & 0x0F)
    if code <= 0x9F:
        return _read_body(data, at, "array", code & 0x0F)
    if code <= 0xBF:
        return _read_body(data, at, "str", code & 0x1F)
    if code in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[code], at
    if code in _NUMBERS:
        form = _NUMBERS[code]
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    if code in _SIZED:
        form, kind = _SIZED[code]
        length = struct.unpack_from(form, data, at)[0]
        return _read_body(data, at + struct.calcsize(form), kind, length)
    raise ValueError(f"MessagePack code {code:#x} is an extension type, which Flyte does not use")


def _read_body(data: bytes, at: int, kind: str, length: int) -> tuple[Any, int]:
    if kind in ("str", "bin"):
        raw = data[at : at + length]
        if len(raw) < length:
            raise IndexError
        return (raw.decode() if kind == "str" else raw), at + length
    if kind == "array":
        items = []
        for _ in range(length):
            item, at = _read(data, at)
            items.append(item)
        return items, at
    pairs = {}
    for _ in range(length):
        key, at = _read(data, at)
        pairs[key], at = _read(data, at)
    return pairs, at


def _write(out: bytearray, value: Any) -> None:
    if value is None or isinstance(value, bool):
        out.append({None: 0xC0, False: 0xC2, True: 0xC3}[value])
    elif isinstance(value, int):
        _write_int(out, value)
    elif isinstance(value, float):
        out += struct.pack(">Bd", 0xCB, value)
    elif isinstance(value, str):
        raw = value.encode()
        _write_length(out, len(raw), 0xA0, 31, (0xD9, 0xDA, 0xDB))
        out += raw
    elif isinstance(value, bytes):
        _write_length(out, len(value), 0, -1, (0xC4, 0xC5, 0xC6))
        out += value
    else:
        _write_container(out, value)


def _write_container(out: bytearray, value: Any) -> None:
    if isinstance(value, (list, tuple)):
        _write_length(out, len(value), 0x90, 15, (None, 0xDC, 0xDD))
        for item in value:
            _write(out, item)
    elif isinstance(value, dict):
        _write_length(out, len(value), 0x80, 15, (None, 0xDE, 0xDF))
        for key, item in value.items():
            _write(out, key)
            _write(out, item)
    else:
        raise TypeError(f"{value!r} ({type(value).__name__}) has no form in MessagePack")


def _write_int(out: bytearray, value: int) -> None:
    if -32 <= value <= 0x7F:
        out += struct.pack(">b", value)
        return
    unsigned = (0xCC, 0xCD, 0xCE, 0xCF)
    signed = (0xD0, 0xD1, 0xD2, 0xD3)
    for code in unsigned if value >= 0 else signed:
        try:
            out += bytes((code,)) + struct.pack(_NUMBERS[code], value)
        except struct.error:
            continue
        return
    raise TypeError(f"{value!r} does not fit the 64 bits of MessagePack")


def _write_length(
    out: bytearray, length: int, fixed: int, most: int, codes: tuple[int | None, int, int]
) -> None:
    if length <= most:
        out.append(fixed | length)
        return
    for code, form, limit in zip(
        codes, (">B", ">H", ">I"), (0xFF, 0xFFFF, 0xFFFFFFFF), strict=True
    ):
        if code is not None and length <= limit:
            out.append(code)
            out += struct.pack(form, length)
            return
    raise TypeError(f"a length of {length} does not fit MessagePack")
