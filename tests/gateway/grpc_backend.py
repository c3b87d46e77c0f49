"""A gRPC server that answers each method with what it was sent: once, or once for each number up to it.

Each ``x-trailer`` of a call, ``name: value``, becomes a trailer of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import grpc

from kit.issuing import Issued
from kit.ports import free_ports

_TRAILER = ("x-said", "goodbye")


class _Echo(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic for the checker only
    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Return what answers *details*: ``Count`` answers many times, ``Refuse`` with a status, whatever else once."""
        if details.method.endswith("/Count"):
            return grpc.unary_stream_rpc_method_handler(_count)
        return grpc.unary_unary_rpc_method_handler(_refuse if details.method.endswith("/Refuse") else _once)


def _once(request: bytes, context: grpc.ServicerContext) -> bytes:
    asked = (str(value).split(": ", 1) for name, value in context.invocation_metadata() if name == "x-trailer")
    context.set_trailing_metadata((_TRAILER, *((name, value) for name, value in asked)))
    return request


def _count(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    context.set_trailing_metadata((_TRAILER,))
    yield from (str(number).encode() for number in range(int(request)))


def _refuse(request: bytes, context: grpc.ServicerContext) -> bytes:
    context.set_trailing_metadata((_TRAILER,))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, request.decode())


@dataclass
class GrpcBackend:
    """A running gRPC server; a context manager.

    :ivar certificate: what it shows; ``None``: no TLS
    :ivar accepts: the authority client certificates must come from
    """

    certificate: Issued | None = None
    accepts: Issued | None = None
    port: int = field(default_factory=lambda: free_ports(1)[0])

    def __enter__(self) -> Self:
        """Start it."""
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), handlers=[_Echo()])
        address = f"127.0.0.1:{self.port}"
        if self.certificate:
            pair = [(self.certificate.key_pem.encode(), self.certificate.pem.encode())]
            authority = self.accepts.pem.encode() if self.accepts else None
            credentials = grpc.ssl_server_credentials(pair, root_certificates=authority, require_client_auth=authority is not None)
            self._server.add_secure_port(address, credentials)
        else:
            self._server.add_insecure_port(address)
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._server.stop(None).wait()
