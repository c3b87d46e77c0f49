"""The bytes of a document as text: UTF-8, or UTF-16 and UTF-32, with or without a byte order mark. [pure]

Source: YAML 1.2.2, section 5.2, which recognises the encodings by their first bytes; JSON (RFC 8259) is UTF-8 alone, and of those bytes.
"""

from __future__ import annotations

import codecs

from apis.definitions.model import MOST_BYTES, Problem, Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ZEROS: dict[tuple[bool, ...], str] = {  # where the zeros of a first ASCII character are, without a mark
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
    (True, False, True, False): "utf-16-be",
    (False, True, False, True): "utf-16-le",
}


def text_of(data: bytes) -> str:
    """Return the text of a document.

    :raises Unreadable: if it is too large, empty, or no text in one of those encodings
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(Problem.TOO_LARGE)
    try:
        text = data.decode(_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Unreadable(Problem.NOT_TEXT, byte=str(error.start + 1)) from error
    if "\0" in text:
        raise Unreadable(Problem.NOT_TEXT, byte=str(text.index("\0") + 1))
    if not text.strip():
        raise Unreadable(Problem.EMPTY)
    return text


def _encoding(data: bytes) -> str:
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")
    return marked or _ZEROS.get(tuple(not byte for byte in data[:4]), "utf-8")
