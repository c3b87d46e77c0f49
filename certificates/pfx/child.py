"""The child process that opens one file, or makes one key: ``python -m certificates.pfx.child PARENT``, request on stdin. [pure]

It answers on stdout. ``PARENT tell`` answers how such a child is confined on this machine.

Opening somebody's file and making an RSA key may cost seconds and holds the interpreter lock all the while; in a process of its own, under
limits, it delays nobody. Neither password nor key ever stands in an argument, the environment or a file.
"""

from __future__ import annotations

import sys
import traceback
from datetime import datetime

from certificates.pfx import confinement, limits, wire
from certificates.pfx.model import Problem, UnreadablePfx
from certificates.pfx.reading import read
from certificates.sealing import Secret
from certificates.signing import answer as signing_answer
from certificates.signing import making

TELL = "tell"


def main() -> None:
    """Answer the one request on stdin, or tell how it is confined."""
    limits.confine(int(sys.argv[1]))
    got = confinement.confine()
    if sys.argv[2:] == [TELL]:
        sys.stdout.write(" ".join(got))
        return
    request = wire.unpack(sys.stdin.buffer.read())
    try:
        answer = _answer(request)
    except UnreadablePfx as refusal:
        answer = wire.answer_refusing(refusal)
    except MemoryError:
        answer = wire.answer_refusing(UnreadablePfx(Problem.TOO_MUCH_WORK))
    except BaseException as unexpected:  # noqa: BLE001 - the outermost frame: only places and the type leave it, never values
        places = (f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(unexpected.__traceback__))
        answer = wire.answer_failing(" ".join((type(unexpected).__name__, *places)))
    sys.stdout.buffer.write(answer)


def _answer(request: list[bytes]) -> bytes:
    match request:
        case [wire.OPEN, password, now, data]:
            return wire.answer_with(read(data, Secret(password), now=datetime.fromisoformat(now.decode())))
        case [wire.ANSWER, public_key, now, data]:
            return wire.answer_with(signing_answer.read(data, public_key, now=datetime.fromisoformat(now.decode())))
        case [wire.LIST, data]:
            return wire.answer_listed(signing_answer.certificates_in(data))
        case [wire.MAKE, wanted]:
            made = making.make(making.Wanted.from_bytes(wanted))
            return wire.answer_made(made.private_key, made.request)
        case _:
            raise ValueError("This is no request.")


if __name__ == "__main__":
    main()
