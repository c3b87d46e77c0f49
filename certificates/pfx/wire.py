"""How the portal and the child that does costly work with keys and files talk: fields of bytes, each preceded by its length. [pure]

Request: ``open``, password, the time, file; or ``answer``, public key, the time, file; or ``list``, file; or ``make``, what is wanted.
Answer: ``pfx``, certificate, private key, what else there is to tell (JSON), chain…, or ``listed``, certificate…, or ``made``, private key,
signing request, or ``problem``, reason, detail, or ``failure``, where it happened.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Any

from certificates.pfx.model import Aside, Pfx, Problem, UnreadablePfx
from certificates.sealing import Secret

OPEN, ANSWER, LIST, MAKE = b"open", b"answer", b"list", b"make"
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
    more = {"unprotected": pfx.unprotected, "aside": [one.as_json() for one in pfx.aside]}
    return pack((b"pfx", pfx.certificate, pfx.private_key.value, json.dumps(more).encode(), *pfx.chain))


def answer_refusing(refusal: UnreadablePfx) -> bytes:
    """Return the answer that says why the file is refused."""
    return pack((b"problem", refusal.problem.value.encode(), refusal.detail.encode()))


def answer_failing(where: str) -> bytes:
    """Return the answer that says where the unexpected happened."""
    return pack((b"failure", where.encode()))


def answer_made(private_key: Secret, request: bytes) -> bytes:
    """Return the answer that holds a key made here, and its signing request."""
    return pack((b"made", private_key.value, request))


def answer_listed(certificates: Iterable[bytes]) -> bytes:
    """Return the answer that holds certificates, DER."""
    return pack((b"listed", *certificates))


def understand(answer: bytes) -> Pfx | list[bytes] | tuple[Secret, bytes]:
    """Return what the child found in a file, or has made.

    :raises UnreadablePfx: if it refuses the file
    :raises ChildFailed: if it met the unexpected, or did not answer in full
    """
    try:
        match unpack(answer):
            case [b"pfx", certificate, private_key, more, *chain]:
                return _pfx(certificate, Secret(private_key), json.loads(more), chain)
            case [b"listed", *certificates]:
                return certificates
            case [b"made", private_key, request]:
                return Secret(private_key), request
            case [b"problem", problem, detail]:
                raise UnreadablePfx(Problem(problem.decode()), detail.decode())
            case [b"failure", where]:
                raise ChildFailed(where.decode())
            case _:
                raise ChildFailed("no answer")
    except ValueError as error:
        raise ChildFailed("half an answer") from error


def _pfx(certificate: bytes, private_key: Secret, more: dict[str, Any], chain: list[bytes]) -> Pfx:
    return Pfx(
        certificate=certificate,
        chain=tuple(chain),
        private_key=private_key,
        aside=tuple(Aside.from_json(one) for one in more["aside"]),
        unprotected=more["unprotected"],
    )
