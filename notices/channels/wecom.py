"""WeCom: a template card for a group's bot.

https://developer.work.weixin.qq.com/document/path/91770: up to six lines of a name and a value, up to three links; 26
characters are read of a title, 112 of the text below it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from certificates.sealing import Secret
from notices.channels.answers import by_code
from notices.channels.cards import body, cut
from notices.messages import Message
from notices.posting import Answer, Request

_LINES, _LINKS = 6, 3
_NAME, _VALUE = 20, 60


def request(message: Message, secret: Secret, *, now: datetime) -> Request:  # noqa: ARG001 - as all others
    """Return what is posted."""
    single = message.items[0] if len(message.items) == 1 else None
    if single:
        lines = [(label, value) for label, value in single.facts]
        rest = ""
    else:
        lines = [(item.name, item.sentence) for item in message.items]
        rest = message.rest(_LINES)
    card: dict[str, Any] = {
        "card_type": "text_notice",
        "main_title": {"title": cut(message.title, 128), "desc": cut(message.lead, 128)},
        "horizontal_content_list": [{"keyname": cut(name, _NAME), "value": cut(value, _VALUE)} for name, value in lines[:_LINES]],
        "jump_list": [{"type": 1, "title": cut(item.button, _NAME), "url": item.link} for item in message.items[:_LINKS]],
        "card_action": {"type": 1, "url": single.link if single else message.link},
    }
    if rest:
        card["sub_title_text"] = rest
    return Request(body=body({"msgtype": "template_card", "template_card": card}))


def refusal(answer: Answer) -> str:
    """Return why it was not taken: the answer's code."""
    return by_code(answer, "errcode")
