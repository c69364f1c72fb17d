import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyte_testkit import msgpack

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(PLAIN)
def test_it_reads_what_it_wrote(value):
    assert msgpack.unpack(msgpack.pack(value)) == value


@given(PLAIN)
def test_it_writes_what_the_reference_writes(value):
    reference = pytest.importorskip("msgpack")
    assert msgpack.pack(value) == reference.packb(value)
    assert msgpack.unpack(reference.packb(value)) == value


@pytest.mark.parametrize("size", [15, 16, 31, 32, 255, 256, 65535, 65536])
def test_it_counts_in_every_width(size):
    for value in ("x" * size, b"x" * size, [None] * size, dict.fromkeys(range(size))):
        assert msgpack.unpack(msgpack.pack(value)) == value


@pytest.mark.parametrize("data", [b"", b"\xa5a", b"\xc1", b"\x01\x01"])
def test_it_refuses_what_it_cannot_read(data):
    with pytest.raises(ValueError, match="msgpack"):
        msgpack.unpack(data)


def test_what_it_cannot_write_is_refused():
    with pytest.raises(TypeError, match="which msgpack cannot hold"):
        msgpack.pack(object())
    with pytest.raises(OverflowError, match="64 bits"):
        msgpack.pack(2**64)
