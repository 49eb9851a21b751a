"""The guarded fetcher: what it gets, and that nothing private is ever connected to."""

import asyncio
import base64
import hashlib
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castlist.errors import InvalidRequest, TooLarge
from castlist.fetch import Fetcher, Guard, is_global, is_public
from listening import listen

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


class Site:
    """A loopback server that counts its connections and answers each path with what a test gave it."""

    def __init__(self, pages):
        self.pages = pages
        self.connections = 0
        self.heads = []
        self.port = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def meet(self, reader, writer):
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            page = self.pages[head.split()[1].decode()]
            if page is None:
                await asyncio.Event().wait()
            writer.write(page)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass


@asynccontextmanager
async def serve(pages):
    site = Site(pages)
    async with listen(site.meet) as server:
        site.port = server.sockets[0].getsockname()[1]
        yield site


def page(body=PNG, status="200 OK", *headers):
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]).encode() + b"\r\n\r\n" + body


def anywhere(address, port):
    return True


def fetch(url, folder, *, limit=1 << 20, allow=is_public, total=5.0):
    return asyncio.run(Fetcher(allow, total=total).fetch(url, folder, limit=limit))


def fetch_page(answer, folder, *, limit=1 << 20, allow=anywhere, total=5.0, path="/a.png"):
    async def act():
        async with serve({path: answer}) as site:
            return await Fetcher(allow, total=total).fetch(site.url + path, folder, limit=limit)

    return asyncio.run(act())


def refusal(url, folder, **options):
    with pytest.raises(InvalidRequest) as caught:
        fetch(url, folder, **options)
    assert caught.value.param == "input_reference"
    assert list(folder.iterdir()) == []
    return caught.value.code


def test_a_file_is_fetched_into_a_folder_with_its_hash(tmp_path):
    incoming = fetch_page(page(), tmp_path)

    assert incoming.path.parent == tmp_path
    assert incoming.path.read_bytes() == PNG
    assert (incoming.bytes, incoming.filename, incoming.sha256) == (len(PNG), "a.png", hashlib.sha256(PNG).hexdigest())


def test_a_file_is_fetched_into_the_file_named(tmp_path):
    async def act():
        async with serve({"/": page()}) as site:
            return await Fetcher(anywhere).fetch(site.url, tmp_path / "here", limit=1 << 20)

    assert asyncio.run(act()).path == tmp_path / "here"


PRIVATE = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.000.000.001",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "100.64.0.1",
    "100.100.100.200",
    "198.18.0.1",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:10.0.0.1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "１２７.0.0.1",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "user@127.0.0.1",
    "example.com@127.0.0.1",
    "app.localhost",
    "[fe80::1%25eth0]",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_address_is_refused_however_it_is_spelled(tmp_path, host):
    assert refusal(f"http://{host}/x.png", tmp_path) == "private_address"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "127.1", "localhost."])
def test_no_connection_arrives_at_a_private_server(tmp_path, host):
    async def act():
        async with serve({"/x.png": page()}) as site:
            with pytest.raises(InvalidRequest) as caught:
                await Fetcher().fetch(f"http://{host}:{site.port}/x.png", tmp_path, limit=1 << 20)
            return caught.value.code, site.connections

    assert asyncio.run(act()) == ("private_address", 0)


def test_no_connection_arrives_at_a_private_server_behind_a_redirect(tmp_path):
    async def act():
        async with serve({"/x.png": page()}) as inside:
            for location in (f"{inside.url}/x.png", f"//127.0.0.1:{inside.port}/x.png", f"http://localhost:{inside.port}/x.png"):
                async with serve({"/": page(b"", "302 Found", f"Location: {location}")}) as site:
                    fetcher = Fetcher(lambda address, port, own=site.port: port == own)
                    with pytest.raises(InvalidRequest) as caught:
                        await fetcher.fetch(site.url, tmp_path, limit=1 << 20)
                    assert (caught.value.code, site.connections, inside.connections) == ("private_address", 1, 0)

    asyncio.run(act())


def test_what_is_checked_is_the_address_of_the_socket_not_the_name(tmp_path):
    seen = []

    def note(address, port):
        seen.append((address, port))
        return False

    assert refusal("http://localhost:81/", tmp_path, allow=note) == "private_address"
    assert seen
    assert {address for address, _ in seen} <= {"127.0.0.1", "::1"}


def test_a_guard_makes_no_socket_for_what_is_not_allowed():
    guard = Guard(is_public)

    with pytest.raises(PermissionError):
        guard.open_socket((2, 1, 6, "", ("127.0.0.1", 80)))
    assert guard.refused == [("127.0.0.1", 80)]


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_addresses_are_allowed_on_the_two_ports_of_the_web(address):
    assert is_public(address, 80)
    assert is_public(address, 443)
    assert not is_public(address, 8080)
    assert not is_public(address, 22)


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_as_private_wrapped_as_bare(number):
    bare = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))

    assert is_global(f"::ffff:{bare}") == is_global(bare) == is_global(f"64:ff9b::{bare}")
    assert not is_global(f"::{bare}")


def test_environment_proxies_are_not_used(tmp_path, monkeypatch):
    async def act():
        async with serve({}) as proxy, serve({"/": page()}) as site:
            for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url)
            await Fetcher(anywhere).fetch(site.url, tmp_path, limit=1 << 20)
            return proxy.connections, site.connections

    assert asyncio.run(act()) == (0, 1)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x.png",
        "//example.com/x.png",
        "ftp://example.com/x.png",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://",
        "http:///x.png",
        "http://exa mple.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com\r\nX: y/",
        "http://[::1",
        "http://example.com:99999/",
        "http://example.com:port/",
        "http://%31%32%37.0.0.1/",
        "http://127.0.0.1%00.example.com/",
        "http://user:pass@example.com/",
        "http://134744072/",
        "http://8.8.2056/",
        "http://8.8.8.8:22/",
        "http://8.8.8.8:8080/",
        "https://" + "a" * 9000,
    ],
)
def test_what_is_no_web_address_is_refused(tmp_path, url):
    assert refusal(url, tmp_path) == "invalid_url"


@pytest.mark.parametrize(
    "answer",
    [
        page(b"gone", "404 Not Found"),
        page(b"", "200 OK"),
        page(b"x", "200 OK", "Content-Encoding: gzip"),
        page(b"", "302 Found", "Location: /a.png"),
        page(b"", "302 Found"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"not http at all\r\n\r\n",
        b"",
    ],
    ids=["404", "empty", "compressed", "loop", "redirect to nowhere", "cut", "no http", "closed"],
)
def test_what_cannot_be_fetched_says_so_and_leaves_nothing(tmp_path, answer):
    with pytest.raises(InvalidRequest) as caught:
        fetch_page(answer, tmp_path)
    assert (caught.value.code, caught.value.param) == ("fetch_failed", "input_reference")
    assert list(tmp_path.iterdir()) == []


def test_three_redirects_are_followed_and_a_fourth_is_not(tmp_path):
    hops = {f"/{n}": page(b"", "307 Moved", f"Location: /{n + 1}") for n in range(5)}

    async def act(start):
        async with serve(hops | {"/4": page()}) as site:
            return await Fetcher(anywhere).fetch(f"{site.url}/{start}", tmp_path, limit=1 << 20)

    assert asyncio.run(act(1)).bytes == len(PNG)
    with pytest.raises(InvalidRequest) as caught:
        asyncio.run(act(0))
    assert caught.value.code == "fetch_failed"


def test_a_redirect_to_another_scheme_is_refused(tmp_path):
    with pytest.raises(InvalidRequest) as caught:
        fetch_page(page(b"", "302 Found", "Location: file:///etc/passwd"), tmp_path)
    assert caught.value.code == "invalid_url"


@pytest.mark.parametrize(
    "answer",
    [page(b"x" * 2000), b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000],
    ids=["length announced", "length not announced"],
)
def test_a_file_over_the_limit_is_refused_while_it_streams(tmp_path, answer):
    with pytest.raises(TooLarge) as caught:
        fetch_page(answer, tmp_path, limit=1999)
    assert (caught.value.code, caught.value.status) == ("file_too_large", 413)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_never_answers_is_left_after_the_total_time(tmp_path):
    with pytest.raises(InvalidRequest) as caught:
        fetch_page(None, tmp_path, total=0.3)
    assert caught.value.code == "fetch_failed"
    assert "0.3 seconds" in caught.value.message


def test_nothing_of_the_caller_is_sent_along(tmp_path):
    async def act():
        async with serve({"/": page()}) as site:
            await Fetcher(anywhere).fetch(site.url, tmp_path, limit=1 << 20)
            return site.heads[0].lower()

    head = asyncio.run(act())
    assert b"accept-encoding: identity" in head
    assert b"cookie" not in head
    assert b"authorization" not in head


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("data:image/png;base64," + base64.b64encode(PNG).decode(), PNG),
        ("DATA:image/png;BASE64," + base64.b64encode(b"abcd").decode().rstrip("="), b"abcd"),
        ("data:image/png;charset=x;base64,YWJj%0AZA==", b"abcd"),
        ("data:;base64," + base64.urlsafe_b64encode(b"\xfb\xff\xfe").decode(), b"\xfb\xff\xfe"),
        ("data:,a%20b%00", b"a b\x00"),
    ],
)
def test_a_data_url_is_decoded(tmp_path, url, content):
    incoming = fetch(url, tmp_path)

    assert incoming.path.read_bytes() == content
    assert incoming.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "url", ["data:image/png;base64", "data:,", "data:image/png;base64,****", "data:image/png;base64,abc=d", "data:;base64,a"]
)
def test_a_data_url_that_says_nothing_is_refused(tmp_path, url):
    assert refusal(url, tmp_path) == "invalid_url"


def test_a_long_data_url_is_refused(tmp_path):
    assert refusal("data:;base64," + "A" * 4000, tmp_path, limit=2000) == "file_too_large"
    assert refusal("data:," + "A" * 2001, tmp_path, limit=2000) == "file_too_large"


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_survive_a_data_url(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("data")

    assert fetch("data:x/y;base64," + base64.b64encode(content).decode(), folder).path.read_bytes() == content


@given(st.text(max_size=60))
def test_no_text_makes_the_fetcher_fail_in_another_way(tmp_path_factory, text):
    with pytest.raises(InvalidRequest):
        fetch(f"http://127.0.0.1:1/{text}", tmp_path_factory.getbasetemp())
