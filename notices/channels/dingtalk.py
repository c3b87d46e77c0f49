"""DingTalk: an action card for a group's custom bot, signed in the address where the bot asks for it.

https://open.dingtalk.com/document/orgapp/custom-bots-send-group-messages; at most 20 kB a message.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from certificates.sealing import Secret
from notices.channels.answers import by_code
from notices.channels.cards import cut, escaped, fitting
from notices.messages import Item, Message
from notices.posting import Answer, Request

_LONGEST = 500
_MOST_OCTETS = 20_000


def request(message: Message, secret: Secret, *, now: datetime) -> Request:
    """Return what is posted."""
    return Request(body=fitting(lambda number: _card(message, number), _MOST_OCTETS), query=_signed(secret, now))


def _card(message: Message, number: int) -> dict[str, Any]:
    """Return the card with so many items."""
    parts = [f"### {escaped(cut(message.title, _LONGEST))}", escaped(message.lead), *map(_item, message.items[:number])]
    if rest := message.rest(number):
        parts.append(escaped(rest))
    first = message.items[0] if len(message.items) == 1 else None
    button, link = (first.button, first.link) if first else (message.button, message.link)
    card = {"title": cut(message.title, 100), "text": "\n\n".join(parts), "singleTitle": button, "singleURL": link}
    return {"msgtype": "actionCard", "actionCard": card}


def refusal(answer: Answer) -> str:
    """Return why it was not taken: the answer's code."""
    return by_code(answer, "errcode")


def _item(item: Item) -> str:
    facts = [f"- {escaped(label)}: {escaped(cut(value, _LONGEST))}" for label, value in item.facts]
    return "\n".join([f"**{escaped(cut(item.sentence, _LONGEST))}**", "", *facts, "", f"[{escaped(item.button)}]({item.link})"])


def _signed(secret: Secret, now: datetime) -> str:
    if not secret.value:
        return ""
    moment = str(int(now.timestamp() * 1000))
    sign = base64.b64encode(hmac.new(secret.value, moment.encode() + b"\n" + secret.value, hashlib.sha256).digest()).decode()
    return urlencode({"timestamp": moment, "sign": sign})
