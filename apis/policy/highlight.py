"""Cuts a policy document into coloured pieces for the page. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PIECES = re.compile(
    r"""(?P<com><!--.*?-->)
      | (?P<tag></?[\w.-]+|/?>)
      | (?P<attr>[\w.-]+(?==))
      | (?P<val>"[^"]*")""",
    re.VERBOSE | re.DOTALL,
)


class Piece(NamedTuple):
    """A piece of text and the class of its span; an empty class is plain text."""

    kind: str
    text: str


def highlight(xml: str) -> Iterator[Piece]:
    """Yield the pieces of a document as :func:`apis.policy.document.as_xml` renders it; joined, they are *xml* again."""
    end = 0
    for match in _PIECES.finditer(xml):
        if match.start() > end:
            yield Piece("", xml[end : match.start()])
        yield Piece(match.lastgroup or "", match.group())
        end = match.end()
    if end < len(xml):
        yield Piece("", xml[end:])
