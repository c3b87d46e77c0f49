"""Steps of a connection that do not block: each is carried out until it succeeds, fails or its time is over. [pure]"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from OpenSSL import SSL

from apis.handshake.seen import End

_WORDS = {
    End.SILENCE: "no answer in time",
    End.CLOSED: "the connection was closed",
    End.RESET: "the connection was reset",
    End.NOT_HTTP: "the answer is not HTTP/1.1",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a step did not succeed.

    :ivar words: the library's or the system's
    """

    end: End
    words: str

    @classmethod
    def by(cls, end: End) -> Broken:
        """Return what needs no further words."""
        return cls(end, _WORDS[end])


def carried_out(step: Callable[[], object], plain: socket.socket, deadline: float) -> Broken | None:
    """Carry *step* out; return why that did not work, ``None`` if it did."""
    while True:
        try:
            step()
        except SSL.WantReadError:
            readable, writable = [plain], []
        except SSL.WantWriteError:
            readable, writable = [], [plain]
        except SSL.ZeroReturnError:
            return Broken.by(End.CLOSED)
        except (SSL.Error, OSError) as error:
            return broken_by(error)
        else:
            return None
        left = deadline - time.monotonic()
        if left <= 0 or not any(select.select(readable, writable, [], left)):
            return Broken.by(End.SILENCE)


def broken_by(error: Exception) -> Broken:
    """Return what OpenSSL, or the system, says."""
    match error:
        case SSL.SysCallError(args=(-1, str(words))):
            return Broken.by(End.CLOSED) if "EOF" in words else Broken(End.CLOSED, words)
        case SSL.SysCallError() | ConnectionError():
            return Broken(End.RESET, str(error.args[-1]) if error.args else str(error))
        case SSL.Error(args=([*reasons],)) if reasons:
            words = "; ".join(reason[-1] for reason in reasons)
            return Broken.by(End.CLOSED) if "unexpected eof" in words else Broken(End.OUR_LIBRARY, words)
        case _:
            return Broken(End.CLOSED, str(error) or _WORDS[End.CLOSED])
