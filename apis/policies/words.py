"""What is wrong with a policy, in the language of who reads it."""

from __future__ import annotations

from django.utils.translation import gettext

from apis.policy.sentences import Sentence


def in_words(sentence: str) -> str:
    """Return *sentence* in the active language; what is no :class:`~apis.policy.sentences.Sentence`, as it is."""
    if not isinstance(sentence, Sentence):
        return sentence
    values = {name: in_words(value) if isinstance(value, str) else value for name, value in sentence.values.items()}
    return gettext(sentence.template) % values if values else gettext(sentence.template)
