"""One request over a connection that stands, and the beginning of its answer. Redirects are not followed. [pure]"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from apis.handshake.question import Question
from apis.handshake.seen import End

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})[ \r\n]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_LONGEST_HEAD = 4096
_LONGEST_PAGE = 16_384  # servers' own pages are short
_REFUSING = 400
_HTTPS = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back.

    :ivar status: ``None``: no answer
    :ivar end: why not
    """

    status: int | None = None
    page: str = ""
    end: End | None = None


def request_of(question: Question) -> bytes:
    """Return the request for the path of *question*; only a closer look asks for the page itself."""
    target = question.target
    host = target.server_name or target.host
    named = f"[{host}]" if ":" in host else host
    authority = named if target.port == _HTTPS else f"{named}:{target.port}"
    method = "GET" if question.closely else "HEAD"
    lines = (f"{method} {question.path} HTTP/1.1", f"Host: {authority}", "User-Agent: publisher-portal", "Connection: close", "Accept: */*")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def read_answer(receive: Callable[[], bytes], *, page: bool) -> Answer:
    """Read the status, and of an answer that refuses the page, as far as it comes.

    :param receive: returns what has come; nothing at the end, however that came
    """
    answer = _read_until(receive, bytearray(), lambda so_far: b"\n" in so_far or len(so_far) >= _LONGEST_HEAD)
    if not (found := _STATUS.match(answer)):
        return Answer(end=End.NOT_HTTP if answer else None)
    status = int(found[1])
    if not page or status < _REFUSING:
        return Answer(status=status)
    answer = _read_until(receive, answer, _is_complete)
    return Answer(status=status, page=answer.partition(b"\r\n\r\n")[2][:_LONGEST_PAGE].decode("utf-8", "replace"))


def _read_until(receive: Callable[[], bytes], so_far: bytearray, enough: Callable[[bytearray], bool]) -> bytearray:
    while not enough(so_far) and (more := receive()):
        so_far += more
    return so_far


def _is_complete(so_far: bytearray) -> bool:
    head, blank, page = so_far.partition(b"\r\n\r\n")
    told = _LENGTH.search(head + b"\r\n")
    return len(so_far) > _LONGEST_HEAD + _LONGEST_PAGE or bool(blank and told and len(page) >= int(told[1]))
