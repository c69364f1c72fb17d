"""The part of MessagePack that flytekit uses for dicts and dataclasses, in both directions.

Written out here because the format is small and a dependency is not. Ignorant of literals.
"""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["pack", "unpack"]


def pack(value: object) -> bytes:
    r"""Encode None, booleans, numbers, texts, bytes, lists and dicts, each in its shortest form.

    Raises:
        TypeError: MessagePack has no form for a value.
        OverflowError: An integer needs more than 64 bits.

    Example:
        >>> pack({"a": 1})
        b'\x81\xa1a\x01'
    """
    out = bytearray()
    _pack(value, out)
    return bytes(out)


def _pack(value: object, out: bytearray) -> None:
    if isinstance(value, (list, tuple)):
        out += _head(len(value), (0x90, 15), (None, 0xDC, 0xDD))
        for element in value:
            _pack(element, out)
    elif isinstance(value, dict):
        out += _head(len(value), (0x80, 15), (None, 0xDE, 0xDF))
        for key, element in value.items():
            _pack(key, out)
            _pack(element, out)
    else:
        out += _atom(value)


def _atom(value: object) -> bytes:
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, str):
        data = value.encode()
        return _head(len(data), (0xA0, 31), (0xD9, 0xDA, 0xDB)) + data
    if isinstance(value, bytes):
        return _head(len(value), None, (0xC4, 0xC5, 0xC6)) + value
    raise TypeError(f"{value!r} is a {type(value).__name__}, which msgpack cannot hold")


_INTEGERS = (  # the shortest form first; msgpack prefers the unsigned ones for what is positive
    (0, 0xFF, 0xCC, ">BB"),
    (0, 0xFFFF, 0xCD, ">BH"),
    (0, 0xFFFFFFFF, 0xCE, ">BI"),
    (0, 2**64 - 1, 0xCF, ">BQ"),
    (-(2**7), -1, 0xD0, ">Bb"),
    (-(2**15), -1, 0xD1, ">Bh"),
    (-(2**31), -1, 0xD2, ">Bi"),
    (-(2**63), -1, 0xD3, ">Bq"),
)


def _integer(value: int) -> bytes:
    if -32 <= value <= 127:
        return bytes([value & 0xFF])
    for least, most, code, form in _INTEGERS:
        if least <= value <= most:
            return struct.pack(form, code, value)
    raise OverflowError(f"{value!r} needs more than the 64 bits that msgpack has for an integer")


def _head(size: int, small: tuple[int, int] | None, codes: tuple[int | None, int, int]) -> bytes:
    if small and size <= small[1]:
        return bytes([small[0] | size])
    for code, form, most in zip(
        codes, (">BB", ">BH", ">BI"), (0xFF, 0xFFFF, 0xFFFFFFFF), strict=True
    ):
        if code is not None and size <= most:
            return struct.pack(form, code, size)
    raise OverflowError(f"{size} elements are more than msgpack can count")


def unpack(data: bytes) -> Any:
    r"""Decode one value.

    Raises:
        ValueError: The bytes end early, go on after the value, or use an extension type.

    Example:
        >>> unpack(b"\x81\xa1a\x01")
        {'a': 1}
    """
    reader = _Reader(data)
    value = reader.value()
    if reader.at != len(data):
        raise ValueError(f"{len(data) - reader.at} bytes follow the msgpack value")
    return value


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
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_SIZED = {
    0xC4: ("bytes", ">B"),
    0xC5: ("bytes", ">H"),
    0xC6: ("bytes", ">I"),
    0xD9: ("text", ">B"),
    0xDA: ("text", ">H"),
    0xDB: ("text", ">I"),
    0xDC: ("array", ">H"),
    0xDD: ("array", ">I"),
    0xDE: ("map", ">H"),
    0xDF: ("map", ">I"),
}


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) < size:
            raise ValueError("the msgpack value ends early")
        self.at += size
        return piece

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def value(self) -> Any:
        code = self.take(1)[0]
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 0x100
        if code < 0xC0:
            kind = "map" if code < 0x90 else "array" if code < 0xA0 else "text"
            return self.sized(kind, code & (0x1F if kind == "text" else 0x0F))
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code in _NUMBERS:
            return self.number(_NUMBERS[code])
        if code in _SIZED:
            kind, form = _SIZED[code]
            return self.sized(kind, self.number(form))
        raise ValueError(f"msgpack's code {code:#x} is one that Flyte never uses")

    def sized(self, kind: str, size: int) -> Any:
        if kind == "bytes":
            return self.take(size)
        if kind == "text":
            return self.take(size).decode()
        if kind == "array":
            return [self.value() for _ in range(size)]
        return {self.value(): self.value() for _ in range(size)}
