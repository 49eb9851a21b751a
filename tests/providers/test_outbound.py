"""Reaching out through a real proxy: every way out takes it, what is checked stays checked, its password shows nowhere."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from castlist.assembly import open_gateway
from castlist.cli.doctor import look
from castlist.config import load
from castlist.errors import ConfigError, InvalidRequest, NotSent, ProviderError
from castlist.fetch import Fetcher
from castlist.model.asks import Caller, VideoAsk
from castlist.outbound import Outbound
from castlist.providers.transport import Connections, HttpTransport
from castlist.testing import FolderAssets
from providers.wires import answer, serve_raw

ME = Caller("default", master=True)
PASSWORD = "proxy-planted"
HERE = Path(__file__).parent
CORPORATE = "upstream.corp.invalid"
"""A name that only the proxy can look up."""


@dataclass
class Proxy:
    """The running proxy, and what it was asked for."""

    process: subprocess.Popen[str]
    port: int

    def url(self, user: str = f"clerk:{PASSWORD}") -> str:
        return f"http://{user}@127.0.0.1:{self.port}"

    def asked(self) -> str:
        """The first line of the next request."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> list[str]:
        """Stop it; what it was asked for and nobody has read."""
        out, _ = self.process.communicate()
        return out.split("\n")[:-1]


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    process = subprocess.Popen([sys.executable, HERE / "proxy.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = Proxy(process, int(process.stdout.readline()))
    yield found
    if process.poll() is None:
        process.communicate()


def talk(folder, outbound, act, *behaviours):
    """What comes of `act(transport, url by a name that only the proxy knows, wire)`."""

    async def scene():
        connections = Connections(outbound=outbound)
        async with serve_raw(*behaviours) as wire:
            http = HttpTransport(FolderAssets(folder), scratch=folder, connections=connections)
            try:
                return await act(http, f"http://{CORPORATE}:{wire.port}/videos", wire)
            finally:
                await connections.close()

    return asyncio.run(scene())


async def read(http, url):
    async with http.stream(url, headers={}) as stream:
        return b"".join([chunk async for chunk in stream.chunks])


@pytest.mark.parametrize("way", ["ask", "send", "named", "stream"])
def test_every_way_out_takes_the_proxy(tmp_path, proxy, way):
    async def act(http, url, wire):
        match way:
            case "ask":
                return (await http.ask("GET", url, headers={})).body
            case "stream":
                return await read(http, url)
        return (await http.send("POST", url, headers={}, body=b"{}", named=way == "named")).body

    body = talk(tmp_path, Outbound(proxy.url()), act, answer(200, b"film", "Connection: close"))

    assert body == b"film"
    assert proxy.asked().split()[1].startswith(f"http://{CORPORATE}:")


def test_a_reference_is_fetched_through_the_proxy(tmp_path, proxy):
    async def scene():
        async with serve_raw(answer(200, b"picture", "Connection: close")) as wire:
            return await Fetcher(outbound=Outbound(proxy.url())).fetch(f"http://{CORPORATE}:{wire.port}/a.png", tmp_path, limit=100)

    assert asyncio.run(scene()).path.read_bytes() == b"picture"
    assert "/a.png" in proxy.asked()


def test_the_doctor_looks_for_the_public_address_through_the_proxy(tmp_path, proxy):
    path = tmp_path / "config.yaml"
    path.write_text(f"castlist: {{media: {{public_base_url: 'http://{CORPORATE}'}}, network: {{proxy: '{proxy.url()}'}}}}")

    asyncio.run(look(load(path, environ={"CASTLIST_DATA": str(tmp_path / "data")})))

    assert CORPORATE in proxy.asked()


@pytest.mark.parametrize("host", ["10.1.2.3", "169.254.169.254", "[fd00::1]", "0x0a010203"])
def test_a_proxy_is_never_asked_for_a_private_address_that_somebody_named(tmp_path, proxy, host):
    async def act(http, url, wire):
        with pytest.raises(ProviderError):
            await read(http, f"http://{host}/film.mp4")
        with pytest.raises(ProviderError):
            await http.send("POST", f"http://{host}/up", headers={}, body=b"x", named=True)
        with pytest.raises(InvalidRequest):
            await Fetcher(outbound=Outbound(proxy.url())).fetch(f"http://{host}/a.png", tmp_path, limit=100)

    talk(tmp_path, Outbound(proxy.url()), act, answer(200))

    assert proxy.end() == []


@pytest.mark.parametrize("direct", ["corp.invalid", "upstream.corp.invalid"])
def test_hosts_of_no_proxy_and_this_machine_are_reached_without_it(direct):
    outbound = Outbound("http://proxy.example.com:3128", (direct,))

    assert outbound.proxy_for(CORPORATE) is None
    assert outbound.proxy_for("127.0.0.1") is None
    assert outbound.proxy_for("localhost") is None
    assert outbound.proxy_for("notcorp.invalid") is not None


@pytest.mark.parametrize("way", ["ask", "send"])
def test_a_proxy_that_says_no_has_sent_nothing_and_no_error_tells_its_password(tmp_path, proxy, way):
    async def act(http, url, wire):
        url = url.replace("http:", "https:")
        with pytest.raises(NotSent) as caught:
            await (http.ask("GET", url, headers={}) if way == "ask" else http.send("POST", url, headers={}, body=b"{}"))
        return caught.value, wire

    error, wire = talk(tmp_path, Outbound(proxy.url(f"thief:{PASSWORD}-2")), act, answer(200))

    assert wire.connections == 0
    assert PASSWORD not in f"{error!r} {error}"
    assert PASSWORD not in repr(Outbound(proxy.url()))


def test_an_upload_goes_to_no_private_address_but_the_accounts_own(tmp_path):
    async def scene():
        connections = Connections()
        async with serve_raw(answer(200, b"kept")) as wire:
            own = HttpTransport(FolderAssets(tmp_path), scratch=tmp_path, connections=connections, api_base=wire.url)
            other = HttpTransport(FolderAssets(tmp_path), scratch=tmp_path, connections=connections)
            try:
                kept = await own.send("POST", f"{wire.url}/up", headers={}, body=b"x", named=True)
                with pytest.raises(NotSent):
                    await other.send("POST", f"{wire.url}/up", headers={}, body=b"x", named=True)
            finally:
                await connections.close()
            return kept.body, wire.connections

    assert asyncio.run(scene()) == (b"kept", 1)


def test_the_configuration_says_how_to_reach_out(tmp_path):
    (tmp_path / "roots.pem").write_text("-")
    path = tmp_path / "castlist.yaml"
    path.write_text("castlist: {network: {proxy: os.environ/PROXY, no_proxy: [.corp.example], ca_bundle: roots.pem}}")

    settings = load(path, environ={"PROXY": f"http://clerk:{PASSWORD}@proxy:3128"})

    assert settings.network.no_proxy == ("corp.example",)
    assert settings.network.ca_bundle == tmp_path / "roots.pem"
    assert PASSWORD not in repr(settings)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("proxy: socks5://a:1", "network.proxy is an address"),
        ("ca_bundle: none.pem", "there is no file"),
        ("prox: x", "did you mean 'proxy'"),
    ],
)
def test_a_mistake_in_it_is_told(tmp_path, said, word):
    path = tmp_path / "castlist.yaml"
    path.write_text(f"castlist: {{network: {{{said}}}}}")

    with pytest.raises(ConfigError, match=word):
        load(path, environ={})


async def fail_every_video(reader, writer):
    """A vendor that takes a video and then says that it failed."""
    await reader.request()
    body = b'{"id": "video_1", "object": "video", "status": "failed", "error": {"code": "too_dark", "message": "it was too dark"}}'
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()


def test_a_gateway_of_a_configuration_reaches_its_vendor_through_the_proxy(tmp_path, proxy):
    async def scene():
        async with serve_raw(fail_every_video) as wire:
            path = tmp_path / "castlist.yaml"
            path.write_text(
                f"model_list: [{{model_name: hero, litellm_params: "
                f'{{model: openai/sora-2, api_base: "http://{CORPORATE}:{wire.port}/v1", api_key: k}}}}]\n'
                "castlist: {network: {proxy: os.environ/PROXY, no_proxy: [elsewhere.invalid]}}\n"
            )
            settings = load(path, environ={"PROXY": proxy.url(), "CASTLIST_DATA": str(tmp_path / "data")})
            gateway = await open_gateway(settings, serving=True, worker=True)
            await gateway.start()
            try:
                seen = await gateway.engine.submit(ME, VideoAsk("create", "a fox", model="hero"))
                async with asyncio.timeout(60):
                    while not seen.job.ended:
                        seen = await gateway.engine.watch(ME, seen.job.id, revision=seen.job.revision, timeout=1.0)
                return seen.job.error, [head.split()[0] for head in wire.heads]
            finally:
                await gateway.stop()

    error, methods = asyncio.run(scene())

    assert error.message == "it was too dark"
    assert methods[:2] == [b"POST", b"GET"]
    assert [line.split()[0] for line in proxy.end()][: len(methods)] == [method.decode() for method in methods]
