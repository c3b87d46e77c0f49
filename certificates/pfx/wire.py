"""How the portal and the child that opens a PFX file talk: fields of bytes, each preceded by its length. [pure]

Request: password, file. Answer: ``pfx``, certificate, private key, chain…, or ``problem``, reason, detail, or ``failure``,
where it happened.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from certificates.pfx.model import Pfx, Problem, UnreadablePfx
from certificates.sealing import Secret

_LENGTH = struct.Struct(">I")


class ChildFailed(Exception):
    """The child met something nobody expected; the message says where, never with what values."""


def pack(fields: Iterable[bytes]) -> bytes:
    """Return *fields* as one string of bytes."""
    return b"".join(_LENGTH.pack(len(field)) + field for field in fields)


def unpack(data: bytes) -> list[bytes]:
    """Return the fields that :func:`pack` joined.

    :raises ValueError: if *data* ends within a field
    """
    fields, position = [], 0
    while position < len(data):
        start = position + _LENGTH.size
        if start > len(data) or (end := start + _LENGTH.unpack_from(data, position)[0]) > len(data):
            raise ValueError("The fields end too early.")
        fields.append(data[start:end])
        position = end
    return fields


def answer_with(pfx: Pfx) -> bytes:
    """Return the answer that holds *pfx*."""
    return pack((b"pfx", pfx.certificate, pfx.private_key.value, *pfx.chain))


def answer_refusing(refusal: UnreadablePfx) -> bytes:
    """Return the answer that says why the file is refused."""
    return pack((b"problem", refusal.problem.value.encode(), refusal.detail.encode()))


def answer_failing(where: str) -> bytes:
    """Return the answer that says where the unexpected happened."""
    return pack((b"failure", where.encode()))


def understand(answer: bytes) -> Pfx:
    """Return what the child found.

    :raises UnreadablePfx: if it refuses the file
    :raises ChildFailed: if it met the unexpected, or did not answer in full
    """
    try:
        match unpack(answer):
            case [b"pfx", certificate, private_key, *chain]:
                return Pfx(certificate=certificate, chain=tuple(chain), private_key=Secret(private_key))
            case [b"problem", problem, detail]:
                raise UnreadablePfx(Problem(problem.decode()), detail.decode())
            case [b"failure", where]:
                raise ChildFailed(where.decode())
            case _:
                raise ChildFailed("no answer")
    except ValueError as error:
        raise ChildFailed("half an answer") from error
