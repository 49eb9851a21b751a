"""Certificates against a real TLS server: whose word is believed, on every way out, on both event loops."""

import asyncio
import ssl
from contextlib import asynccontextmanager

import pytest
import trustme
import uvloop

from castlist.errors import CastlistError
from castlist.fetch import Fetcher
from castlist.outbound import Outbound, trust_also
from castlist.providers.transport import Connections, HttpTransport
from castlist.testing import FolderAssets
from listening import listen

FILM = b"film"
WAYS = ["ask", "send", "stream", "fetch"]
LOOPS = [asyncio.run, uvloop.run]


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@asynccontextmanager
async def serve_tls(authority, name):
    """The address of a server on this machine whose certificate is for `name`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)

    async def greet(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(FILM), FILM))
        await writer.drain()

    async with listen(greet, tls=context) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def reach_by(way, authority, folder, *, name="127.0.0.1", believe=True, run=asyncio.run):
    """What one way out gets from that server, with the authority in `ca_bundle` or not."""
    (folder / "ca.pem").write_bytes(authority.cert_pem.bytes())
    outbound = Outbound(trust=trust_also(folder / "ca.pem")) if believe else Outbound()

    async def scene():
        connections = Connections(outbound=outbound)
        async with serve_tls(authority, name) as url:
            http = HttpTransport(FolderAssets(folder), scratch=folder, connections=connections, api_base=url)
            try:
                return await _get(way, http, url, outbound, folder)
            finally:
                await connections.close()

    return run(scene())


async def _get(way, http, url, outbound, folder):
    match way:
        case "ask":
            return (await http.ask("GET", url, headers={})).body
        case "send":
            return (await http.send("POST", url, headers={}, body=b"{}")).body
        case "stream":
            async with http.stream(url, headers={}) as stream:
                return b"".join([chunk async for chunk in stream.chunks])
        case _:
            found = await Fetcher(lambda *_: True, outbound=outbound).fetch(f"{url}/a.png", folder / "fetched", limit=100)
            return found.path.read_bytes()


@pytest.mark.parametrize("run", LOOPS)
@pytest.mark.parametrize("way", WAYS)
def test_an_authority_of_ca_bundle_is_believed(tmp_path, authority, way, run):
    assert reach_by(way, authority, tmp_path, run=run) == FILM


@pytest.mark.parametrize("run", LOOPS)
@pytest.mark.parametrize("way", WAYS)
def test_an_authority_that_nobody_named_is_not(tmp_path, authority, way, run):
    with pytest.raises(CastlistError):
        reach_by(way, authority, tmp_path, believe=False, run=run)


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_for_another_name_is_not_enough(tmp_path, authority, way):
    with pytest.raises(CastlistError):
        reach_by(way, authority, tmp_path, name="elsewhere.example")
