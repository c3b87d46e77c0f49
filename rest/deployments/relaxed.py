"""JSON as templates are written: with comments, names without quotation marks, commas at the end. [pure]

The command-line client sends templates as they are in their files, behind a name that it does not quote.
"""

from __future__ import annotations

import re

# Whatever begins is taken to its end, be it the end of all: so nothing is looked at twice, and what has no end is a fault of the JSON.
_TEXT = r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'
_COMMENT = re.compile(rf"(?P<kept>{_TEXT})|//[^\n]*+|/\*(?:.*?\*/|.*)", re.DOTALL)
_NAME_OR_COMMA = re.compile(rf"(?P<kept>{_TEXT})|(?P<name>[A-Za-z_$][\w$]*+)(?P<colon>\s*+:)?+|,(?=\s*+[}}\]])", re.DOTALL)
_LINE_ENDS = re.compile(r"[\r\n]")


def strict(text: str) -> str:
    """Return *text* as JSON has it, in as many lines."""
    without = _COMMENT.sub(lambda found: found["kept"] or " ", text)
    return _NAME_OR_COMMA.sub(_written, without)


def _written(found: re.Match[str]) -> str:
    if found["kept"]:
        return _LINE_ENDS.sub(lambda end: {"\n": "\\n", "\r": "\\r"}[end[0]], found["kept"])  # a text of several lines
    if found["name"]:
        return f'"{found["name"]}":' if found["colon"] else found["name"]
    return ""
