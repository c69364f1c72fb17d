"""Names that an engine makes out of others: of pods, of child executions, of nodes below nodes.

Kubernetes has no room for long names, so all but pods' are cut to twenty characters. Ignorant of
who is called so.
"""

from __future__ import annotations

from typing import Final

__all__ = ["child_name", "node_id", "pod_name", "random_version", "shortened"]

_LONGEST: Final = 20
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz123456"
_RANDOM: Final = "bcdfghjklmnpqrstvwxz2456789"  # what Kubernetes makes random names of
_FNV: Final = {  # bits: where the hash begins, and its prime
    32: (0x811C9DC5, 0x01000193),
    64: (0xCBF29CE484222325, 0x100000001B3),
}


def pod_name(execution: str, node_id: str, attempt: int) -> str:
    """Return the name of the pod of an attempt.

    Example:
        >>> pod_name("nightly-1", "n0", 3)
        'nightly-1-n0-3'
    """
    return f"{execution}-{node_id}-{attempt}"


def child_name(execution: str, node_id: str, attempt: int) -> str:
    """Return the name of the execution that a launch plan node launches.

    Example:
        >>> child_name("nightly-1", "n0", 0)
        'nightly-1-n0-0'
        >>> child_name("awv5fd9z7xzkdbh9lhz4", "n0", 0)
        'fpqbboqz63fybm'
    """
    return shortened(f"{execution}-{node_id}-{attempt}", bits=64)


def node_id(parent: str, attempt: int, spec_id: str) -> str:
    """Return the id of a node below another, in one of that one's attempts.

    Example:
        >>> node_id("n0", 0, "start-node")
        'n0-0-start-node'
        >>> node_id("n0-0-n0-n1", 0, "n0-n1-n0")
        'fooud2ba'
    """
    return shortened(f"{parent}-{attempt}-{spec_id}", bits=32)


def shortened(name: str, *, bits: int) -> str:
    """Return a name of 20 characters or fewer: its own, else ``f`` and a hash of it (FNV-1a).

    Example:
        >>> shortened("n0-0-n0-n1-0-n0-n1-n0", bits=32)
        'fooud2ba'
    """
    if len(name) <= _LONGEST:
        return name
    value = _hash(name, bits)
    letters = -(-bits // 5)
    value <<= letters * 5 - bits  # the last letter is filled up with zeros
    return "f" + "".join(_ALPHABET[value >> 5 * n & 31] for n in reversed(range(letters)))


def random_version(execution: str, node_id: str) -> str:
    """Return the version of what a dynamic node yields; in life it is random.

    Example:
        >>> random_version("nightly-1", "n0")
        'rdwxlm7mk9'
    """
    value = _hash(f"{execution}-{node_id}", 64)
    return "".join(_RANDOM[value // len(_RANDOM) ** n % len(_RANDOM)] for n in range(10))


def _hash(name: str, bits: int) -> int:
    value, prime = _FNV[bits]
    for byte in name.encode():
        value = (value ^ byte) * prime % (1 << bits)
    return value
