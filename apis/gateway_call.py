"""One call through the gateway, made by the portal for the Test tab."""

from __future__ import annotations

import codecs
import json
import re
import ssl
import time
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException, Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from apis.policy.failure import FAILURE_HEADER
from certificates.models import ServerCertificate
from portal.locations import url_of
from portal.turns import Turns

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 30.0
MAX_BYTES = 256 * 1024
_PIECE = 16 * 1024
_INDENTED_AT_MOST = 8  # times as long as it came: what is nested deeply grows with the square of its depth
_ACTIVITY_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_turns = Turns(at_once=4, waiting=4, seconds=5)  # each holds a thread of the server until the back end has answered


class GatewayUnreachable(Exception):
    """The gateway itself did not answer.

    :ivar address: where it was expected
    :ivar in_time: false if it was there but did not answer in time
    """

    def __init__(self, address: str, *, in_time: bool) -> None:
        """Hold the address."""
        super().__init__(f"The gateway at {address} did not answer.")
        self.address = address
        self.in_time = in_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    content: bytes
    cut: bool  # there was more than MAX_BYTES, or it did not end in time
    milliseconds: int

    @property
    def own(self) -> dict[str, Any] | None:
        """The gateway's own refusal (``statusCode``, ``message``, perhaps ``activityId``); ``None`` if the back end answered."""
        try:
            found = json.loads(self.content)
        except (ValueError, RecursionError):
            return None
        ours = (
            isinstance(found, dict)
            and found.keys() - {"activityId"} == {"statusCode", "message"}
            and found["statusCode"] == self.status
            and isinstance(found["message"], str)
        )
        return found if ours else None

    @property
    def message(self) -> str:
        """The gateway's own words, empty if the back end answered."""
        return _shown(self.own["message"]) if self.own else ""

    @property
    def activity_id(self) -> str:
        """What finds the failed call in the portal, empty if there is none, or if a back end of ill will says something else."""
        found = self.own.get("activityId") if self.own else None
        return found if isinstance(found, str) and _ACTIVITY_ID.fullmatch(found) else ""

    @property
    def failure(self) -> str:
        """What the call failed of, as the gateway says it (:class:`apis.policy.failure.Failure`); empty if the back end answered."""
        return next((value for name, value in self.headers if name.lower() == FAILURE_HEADER), "") if self.own else ""

    @property
    def text(self) -> str:
        """The content as people read it: JSON indented, other text as it is, anything else as hexadecimal digits."""
        try:
            text = self.content.decode(self._charset())
        except (UnicodeError, LookupError):
            return self.content[:1024].hex(" ", 2)
        if "\0" in text:
            return self.content[:1024].hex(" ", 2)
        try:
            indented = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return _shown(text)
        return _shown(indented if len(indented) <= _INDENTED_AT_MOST * len(text) else text)

    def _charset(self) -> str:
        kind = next((value for name, value in self.headers if name.lower() == "content-type"), "")
        told = requests.utils.get_encoding_from_headers(requests.structures.CaseInsensitiveDict({"content-type": kind})) or "utf-8"
        return told if "\0" not in told and told.isascii() and _is_of_text(told) else "utf-8"


def _is_of_text(charset: str) -> bool:
    """Tell whether Python reads text by it: some of its codecs unpack ZIP data or turn letters."""
    try:
        return bool(codecs.lookup(charset)._is_text_encoding)  # noqa: SLF001 - what bytes.decode itself asks
    except LookupError:
        return True  # it is told so where the content is decoded


def _shown(text: str) -> str:
    """Return *text* as it can be sent to a browser: halves of characters, which JSON may name, are replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def call(method: str, target: str, *, headers: dict[str, str], body: bytes = b"", host: str = "") -> Answer:
    """Send one request for *target* (path and query) to the gateway. Redirects are shown, not followed.

    :param host: the name to call it by; empty: its address

    :raises GatewayUnreachable: if the gateway cannot be reached or does not answer in time
    :raises portal.turns.Busy: if too many such calls are under way
    """
    with _turns.turn():
        return _call(method, target, headers={"Host": host} | headers if host else headers, body=body)


def _call(method: str, target: str, *, headers: dict[str, str], body: bytes) -> Answer:
    address = url_of(settings.GATEWAY_HOST, settings.GATEWAY_PORT)
    with requests.Session() as session:
        if settings.GATEWAY_TLS_ADDRESS and settings.GATEWAY_HTTPS_REDIRECT:
            address = url_of(*settings.GATEWAY_TLS_ADDRESS, scheme="https")
            session.mount(address, _ToOurGateway(headers.get("Host", "")))
        session.trust_env = False  # no proxies, no .netrc: the call goes to the gateway or nowhere
        session.headers.clear()
        request = requests.Request(method, address + target, headers={"User-Agent": "publisher-portal"} | headers, data=body or None)
        started = time.monotonic()
        try:
            response = session.send(
                session.prepare_request(request), stream=True, timeout=(CONNECT_SECONDS, TOTAL_SECONDS), allow_redirects=False
            )
            content, cut = _read(response, until=started + TOTAL_SECONDS)
        except (RequestException, HTTPError) as error:
            raise GatewayUnreachable(address, in_time=not isinstance(error, (Timeout, ReadTimeoutError))) from error
        return Answer(
            status=response.status_code,
            reason=response.reason or "",
            headers=tuple(response.headers.items()),
            content=content,
            cut=cut,
            milliseconds=round((time.monotonic() - started) * 1000),
        )


class _ToOurGateway(HTTPAdapter):
    """Calls the gateway by TLS under another name than its address; it is known by showing one of the server certificates."""

    def __init__(self, name: str) -> None:
        """Ask for *name*."""
        self._name = name
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Trust the server certificates themselves."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        for der in ServerCertificate.objects.filter(current__isnull=False).values_list("current__der", flat=True):
            context.load_verify_locations(cadata=bytes(der))
        options |= {"ssl_context": context, "assert_hostname": False}
        if self._name:
            options["server_hostname"] = self._name
        super().init_poolmanager(*arguments, **options)


def _read(response: requests.Response, *, until: float) -> tuple[bytes, bool]:
    """Read piece by piece, so that neither an endless nor a dripping answer holds the portal."""
    content = b""
    while len(content) <= MAX_BYTES and time.monotonic() < until:
        piece = response.raw.read1(_PIECE, decode_content=True)
        if not piece:
            return content, False
        content += piece
    return content[:MAX_BYTES], True
