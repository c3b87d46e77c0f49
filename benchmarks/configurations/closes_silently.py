"""A server that ends a connection after its second answer without having said so."""

import asyncio
import ssl


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer two calls."""
    try:
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.split(b":")[1]))
            with open("@FOLDER@/calls.log", "ab") as log:  # noqa: ASYNC230, PTH123 - one line
                log.write(head.split(b"\r\n")[0] + b"\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serve for ever."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("@FOLDER@/server.pem")
    context.load_verify_locations("@FOLDER@/authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    async with await asyncio.start_server(handle, "127.0.0.1", int("@PORT@"), ssl=context) as server:
        await server.serve_forever()


asyncio.run(main())
