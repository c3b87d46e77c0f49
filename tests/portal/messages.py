"""Every text that the code and the templates mark for translation, found without gettext's tools."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.translation.template import templatize

APPS = ("portal", "certificates", "apis", "gateway", "rest", "demo", "notices")
_PLAIN = {"_", "gettext", "gettext_lazy", "gettext_noop", "Sentence"}
_PLURAL = {"ngettext", "ngettext_lazy"}
_CONTEXT = {"pgettext", "pgettext_lazy"}
_CONTEXT_PLURAL = {"npgettext", "npgettext_lazy"}
_CALL = re.compile(r"\b(?:_|n?p?gettext)\(")


class Message(NamedTuple):
    """One text as a catalogue holds it."""

    context: str | None
    text: str
    plural: str = ""


def messages() -> set[Message]:
    """Return every text of ours that a person can read translated."""
    tracked = subprocess.run(["git", "ls-files", "-z", *APPS, "templates"], cwd=settings.BASE_DIR, capture_output=True, check=True)
    found: set[Message] = set()
    for name in filter(None, tracked.stdout.decode().split("\0")):
        source = (Path(settings.BASE_DIR) / name).read_text(encoding="utf-8") if name.endswith((".py", ".html", ".txt")) else ""
        found.update(_in_code(ast.parse(source)) if name.endswith(".py") else _in_template(source))
    return found


def _in_code(tree: ast.AST) -> Iterator[Message]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
            yield from _message(called, texts)


def _message(called: str, texts: list[str]) -> Iterator[Message]:
    if called in _PLAIN and texts:
        yield Message(None, texts[0])
    elif called in _PLURAL and len(texts) > 1:
        yield Message(None, texts[0], texts[1])
    elif called in _CONTEXT and len(texts) > 1:
        yield Message(*texts[:2])
    elif called in _CONTEXT_PLURAL and len(texts) > 2:
        yield Message(*texts[:3])


def _in_template(source: str) -> Iterator[Message]:
    """Read the calls out of the code-like text that Django makes of a template for gettext's tools."""
    code = templatize(source)
    for call in _CALL.finditer(code):
        yield from _in_code(_expression(code[call.start() :]))


def _expression(code: str) -> ast.AST:
    """Return the call that *code* begins with; counts as far as the first parenthesis that completes it."""
    for end in (match.end() for match in re.finditer(r"\)", code)):
        try:
            return ast.parse(code[:end].replace("\n", " "), mode="eval")
        except SyntaxError:
            continue
    reason = f"No call: {code[:80]}"
    raise AssertionError(reason)
