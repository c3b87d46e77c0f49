"""A gRPC server without TLS that answers every method with what it was sent."""

from __future__ import annotations

from concurrent import futures

import grpc


class Echo(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic for the checker only
    """Every method there is."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Return what answers *details*."""

        def answer(request: bytes, _context: grpc.ServicerContext) -> bytes:
            with open("@FOLDER@/calls.log", "ab") as log:  # noqa: PTH123 - one line
                log.write(details.method.encode() + b"?" + request + b"\n")
            return request

        return grpc.unary_unary_rpc_method_handler(answer)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), handlers=[Echo()])
server.add_insecure_port("127.0.0.1:@PORT@")
server.start()
server.wait_for_termination()
