"""Sentences that say what is wrong with a policy: English here, and as pages' readers have it. [pure]"""

from __future__ import annotations

from typing import Self


class Sentence(str):
    """An English sentence that also tells what it is made of, so that who knows catalogues can say it in another language.

    Its template is a text for translators: ``tests/portal/messages.py`` finds it where it is made.

    :ivar template: with places such as ``%(name)s``
    :ivar values: what stands there
    """

    __slots__ = ("template", "values")
    template: str
    values: dict[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Make it."""
        sentence = super().__new__(cls, template % values if values else template)
        sentence.template, sentence.values = template, values
        return sentence
