"""DingTalk: an action card for a group's custom bot, signed in the address where the bot asks for it.

https://open.dingtalk.com/document/orgapp/custom-bots-send-group-messages; at most 20 kB a message.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import urlencode

from certificates.sealing import Secret
from notices.channels.answers import by_code
from notices.channels.cards import MOST_ITEMS, body, cut, escaped
from notices.messages import Item, Message
from notices.posting import Answer, Request

_LONGEST = 500


def request(message: Message, secret: Secret, *, now: datetime) -> Request:
    """Return what is posted."""
    shown = message.items[:MOST_ITEMS]
    parts = [f"### {escaped(message.title)}", escaped(message.lead), *map(_item, shown)]
    if rest := message.rest(MOST_ITEMS):
        parts.append(escaped(rest))
    first = message.items[0] if len(message.items) == 1 else None
    button, link = (first.button, first.link) if first else (message.button, message.link)
    card = {"title": cut(message.title, 100), "text": "\n\n".join(parts), "singleTitle": button, "singleURL": link}
    return Request(body=body({"msgtype": "actionCard", "actionCard": card}), query=_signed(secret, now))


def refusal(answer: Answer) -> str:
    """Return why it was not taken: the answer's code."""
    return by_code(answer, "errcode")


def _item(item: Item) -> str:
    facts = [f"- {escaped(label)}: {escaped(cut(value, _LONGEST))}" for label, value in item.facts]
    return "\n".join([f"**{escaped(item.sentence)}**", "", *facts, "", f"[{escaped(item.button)}]({item.link})"])


def _signed(secret: Secret, now: datetime) -> str:
    if not secret.value:
        return ""
    moment = str(int(now.timestamp() * 1000))
    sign = base64.b64encode(hmac.new(secret.value, moment.encode() + b"\n" + secret.value, hashlib.sha256).digest()).decode()
    return urlencode({"timestamp": moment, "sign": sign})
