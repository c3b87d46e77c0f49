"""Feishu and Lark: an interactive card for a group's custom bot, signed where the bot asks for it.

https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot; at most 20 kB a message. The signature's key is moment and
secret; nothing is signed but that.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any

from certificates.sealing import Secret
from notices.channels.answers import by_code
from notices.channels.cards import cut, fitting, lines_of
from notices.messages import Message
from notices.posting import Answer, Request

_LONGEST = 1000
_MOST_OCTETS = 20_000


def request(message: Message, secret: Secret, *, now: datetime) -> Request:
    """Return what is posted."""
    return Request(body=fitting(lambda number: {**_signed(secret, now), **_card(message, number)}, _MOST_OCTETS))


def _card(message: Message, number: int) -> dict[str, Any]:
    """Return the card with so many items."""
    elements: list[dict[str, Any]] = [_text(message.lead)]
    for item in message.items[:number]:
        elements += [{"tag": "hr"}, _text(lines_of(item)), _button(item.button, item.link)]
    if rest := message.rest(number):
        elements.append(_text(rest))
    elements.append(_button(message.button, message.link))
    header = {"title": {"tag": "plain_text", "content": cut(message.title, 200)}, "template": "orange"}
    card = {"config": {"wide_screen_mode": True}, "header": header, "elements": elements}
    return {"msg_type": "interactive", "card": card}


def refusal(answer: Answer) -> str:
    """Return why it was not taken: the answer's code, which older bots call StatusCode."""
    return by_code(answer, "code", "StatusCode")


def _signed(secret: Secret, now: datetime) -> dict[str, str]:
    if not secret.value:
        return {}
    moment = str(int(now.timestamp()))
    key = moment.encode() + b"\n" + secret.value
    return {"timestamp": moment, "sign": base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()}


def _text(text: str) -> dict[str, Any]:
    return {"tag": "div", "text": {"tag": "plain_text", "content": cut(text, _LONGEST)}}


def _button(label: str, link: str) -> dict[str, Any]:
    button = {"tag": "button", "text": {"tag": "plain_text", "content": label}, "url": link, "type": "primary"}
    return {"tag": "action", "actions": [button]}
