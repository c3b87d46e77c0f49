"""Sentences that are stored now and read later, by people of either language: what is stored has none. [pure but for translation]"""

from __future__ import annotations

import json

from django.utils.translation import gettext


def kept(sentence: str, **values: str) -> str:
    """Return a sentence as it is stored.

    :param sentence: marked by ``gettext_noop``, with places such as ``%(name)s``
    :param values: what stands there
    """
    return json.dumps({"sentence": sentence, "values": values}, ensure_ascii=False)


def told(text: str) -> str:
    """Return what :func:`kept` has stored in the active language; a text that earlier versions have stored, as it is."""
    if not text.startswith("{"):
        return text
    found = json.loads(text)
    return str(gettext(found["sentence"]) % found["values"])
