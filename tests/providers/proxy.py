"""A forward proxy to run as a process: it notes what it is asked for on its output and takes every name to this machine."""

import asyncio
import base64
import sys

WANTS = b"Proxy-Authorization: Basic " + base64.b64encode(b"clerk:proxy-planted")


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: a tunnel for CONNECT, else one request passed on."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
        return
    line, _, rest = head.partition(b"\r\n")
    method, target, version = line.split(b" ")
    print(line.decode(), flush=True)  # noqa: T201  # what the test reads
    if WANTS not in head:
        writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        return
    place, _, path = target.removeprefix(b"http://").partition(b"/")
    up_reader, up_writer = await asyncio.open_connection("127.0.0.1", int(place.rpartition(b":")[2]))
    if method == b"CONNECT":
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    else:
        up_writer.write(b" ".join([method, b"/" + path, version]) + b"\r\n" + rest)
    await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  # where it listens
    waiting = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await waiting
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
