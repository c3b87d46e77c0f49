"""Puts a statement into a document's text, which otherwise stays as it is written. [pure]"""

from __future__ import annotations

import re

from apis.policy.elements import Element, lines_of, read
from apis.policy.model import SECTIONS
from apis.policy.reader import BASE, sections_of

_INDENT = 2  # levels below <policies>


def inserted(document: str, section: str, statement: Element) -> str:
    """Return *document* with *statement* as the last of a *section*; an empty one becomes one that holds nothing else.

    :raises apis.policy.elements.UnreadablePolicy: if the document is no XML
    """
    text = document if document.strip() else _empty()
    before = sections_of(read(text)).get(section, ())
    lines = "\n".join(lines_of(statement, _INDENT)) + "\n"
    changed = _before_the_end(text, section, lines)
    after = sections_of(read(changed)).get(section, ())
    return changed if len(after) == len(before) + 1 else _written_anew(text, section, statement)


def _before_the_end(text: str, section: str, lines: str) -> str:
    ends = list(re.finditer(rf"[ \t]*</{section}\s*>", text))
    if not ends:
        return text
    place = ends[-1].start()
    line_break = "" if text[:place].endswith("\n") else "\n"
    return text[:place] + line_break + lines + text[place:]


def _written_anew(text: str, section: str, statement: Element) -> str:
    """Return the document without its comments and spaces; where they are in the way."""
    root = read(text)
    if section not in {one.name for one in root.children}:
        root.children.append(Element(section, children=[Element(BASE)]))
    for one in root.children:
        if one.name == section:
            one.children.append(statement)
    return "\n".join([*lines_of(root), ""])


def _empty() -> str:
    sections = [Element(name, children=[Element(BASE)]) for name in SECTIONS]
    return "\n".join([*lines_of(Element("policies", children=sections)), ""])
