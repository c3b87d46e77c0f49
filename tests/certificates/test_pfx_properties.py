"""Whatever bytes somebody sends: a key pair or a reason, never anything else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.pfx import Pfx, UnreadablePfx, wire
from certificates.pfx.reading import read
from certificates.sealing import Secret
from kit.issuing import issue
from tests.certificates import files

CLIENT = issue("client", by=issue("middle", by=issue("root", authority=True), authority=True))
NOW = datetime(2027, 1, 1, tzinfo=UTC)
FILES = (
    CLIENT.pfx_file(),
    CLIENT.pfx_file(""),
    files.without_mac(CLIENT.pfx_file("")),
    files.as_ber(CLIENT.pfx_file()),
    files.triple_des(CLIENT, "secret"),
    files.with_pbmac1(CLIENT.pfx_file(), "secret"),
    files.RC2_40,
    CLIENT.der,
    CLIENT.key_der,
    (CLIENT.pem + CLIENT.key_pem).encode(),
    (Path(__file__).parent / "cases" / "san-x400.pfx").read_bytes(),
    (Path(__file__).parent / "cases" / "text-base64-of-pfx.pfx").read_bytes(),
)
passwords = st.sampled_from([b"secret", b"", b"case-pass-7"]) | st.binary(max_size=20)


def outcome(data: bytes, password: bytes) -> Pfx | UnreadablePfx:
    """Return what reading gives; anything but the two expected fails the test."""
    try:
        return read(data, Secret(password), now=NOW)
    except UnreadablePfx as refusal:
        return refusal


@given(data=st.binary(max_size=400), password=passwords)
def test_any_bytes_have_an_outcome(data: bytes, password: bytes) -> None:
    assert isinstance(outcome(data, password), Pfx | UnreadablePfx)


@given(
    data=st.binary(max_size=200),
    start=st.sampled_from([b"\x30\x80", b"\x30\x80\x02\x01\x03", b"\x30\x82\x01\x00\x02\x01\x03\x30\x80", b"\x30\x84"]),
)
def test_any_bytes_that_begin_like_pkcs12_have_an_outcome(data: bytes, start: bytes) -> None:
    assert isinstance(outcome(start + data, b""), UnreadablePfx)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a real file with a few bytes changed, taken out or put in."""
    data = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(1, 5))):
        position = draw(st.integers(0, len(data) - 1))
        removed = draw(st.integers(0, 12))
        data[position : position + removed] = draw(st.binary(max_size=12))
    return bytes(data) or b"0"


@settings(max_examples=400)
@given(data=damaged(), password=passwords)
def test_any_damaged_file_has_an_outcome(data: bytes, password: bytes) -> None:
    assert isinstance(outcome(data, password), Pfx | UnreadablePfx)


@given(depth=st.integers(1, 60_000), indefinite=st.booleans())
@settings(max_examples=20)
def test_any_depth_has_an_outcome(depth: int, indefinite: bool) -> None:
    nested = b"\x30\x80" * depth if indefinite else b"\x30\x00"
    for _ in range(0 if indefinite else min(depth, 200)):
        nested = files.tlv(files.SEQUENCE, nested)
    file = files.tlv(files.SEQUENCE, files.integer(3), files.data_info(files.tlv(files.SEQUENCE, files.data_info(nested))))
    assert isinstance(outcome(file, b""), UnreadablePfx)


@given(st.lists(st.binary(max_size=30)))
def test_fields_survive_the_wire(fields: list[bytes]) -> None:
    assert wire.unpack(wire.pack(fields)) == fields
