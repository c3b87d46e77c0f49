"""A caller by HTTP/3, as tests need it."""

from __future__ import annotations

import asyncio
import ssl

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent

from kit.issuing import Issued
from tests.gateway.gateways import Answer

_WITHIN_SECONDS = 20


class _Caller(QuicConnectionProtocol):
    """One connection, one call."""

    async def get(self, target: str, *, host: str) -> Answer:
        """Make the call."""
        self._http = H3Connection(self._quic)
        self._events: list[H3Event] = []
        self._ended = asyncio.get_running_loop().create_future()
        stream = self._quic.get_next_available_stream_id()
        named = {":method": "GET", ":scheme": "https", ":authority": host, ":path": target}
        self._http.send_headers(stream, [(name.encode(), value.encode()) for name, value in named.items()], end_stream=True)
        self.transmit()
        await asyncio.wait_for(self._ended, _WITHIN_SECONDS)
        headers = {name.decode(): value.decode() for one in self._events if isinstance(one, HeadersReceived) for name, value in one.headers}
        body = b"".join(one.data for one in self._events if isinstance(one, DataReceived))
        return Answer(status=int(headers.pop(":status")), headers=headers, body=body)

    def quic_event_received(self, event: QuicEvent) -> None:
        """Take in what comes."""
        for one in self._http.handle_event(event) if hasattr(self, "_http") else ():
            self._events.append(one)
            if getattr(one, "stream_ended", False) and not self._ended.done():
                self._ended.set_result(None)


def get(port: int, target: str, *, host: str, authority: Issued) -> Answer:
    """Call the gateway by HTTP/3 and return what it answers."""

    async def ask() -> Answer:
        configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=True, server_name=host, verify_mode=ssl.CERT_REQUIRED)
        configuration.load_verify_locations(cadata=authority.pem.encode())
        async with connect("127.0.0.1", port, configuration=configuration, create_protocol=_Caller) as caller:
            assert isinstance(caller, _Caller)
            return await caller.get(target, host=host)

    return asyncio.run(ask())
