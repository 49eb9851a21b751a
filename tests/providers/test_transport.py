"""The line between not sent, refused and unknown, measured with real sockets."""

import asyncio
import socket
import subprocess
import sys

import aiohttp
import pytest
from aiohttp.http_writer import StreamWriter

from castlist.errors import Ambiguous, LostJob, NotSent, ProviderError, Refused
from castlist.model.providing import Part, Reply
from castlist.providers.outgoing import Outgoing, as_payload
from castlist.providers.replies import judge
from castlist.providers.transport import Connections, HttpTransport
from castlist.testing import FolderAssets
from providers.wires import answer, close_after_body, close_after_head, close_at_once, hang, reach, serve_raw

PAID = {"headers": {"Authorization": "Bearer sk-secret"}, "body": b"x" * 1000}


def submit(folder, *behaviours, body=b"x" * 1000, timeout=5.0):
    """Send one paid request to a server that behaves so; the reply or the error, and what arrived."""

    async def act():
        async with serve_raw(*behaviours) as wire, reach(folder) as http:
            try:
                outcome = await http.send("POST", f"{wire.url}/videos?sig=hidden", headers=PAID["headers"], body=body, timeout=timeout)
            except ProviderError as error:
                outcome = error
            return outcome, wire

    return asyncio.run(act())


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def send_to(folder, url):
    async def act():
        async with reach(folder) as http:
            return await http.send("POST", url, **PAID, timeout=5.0)

    return asyncio.run(act())


def test_a_refused_connection_is_not_sent(tmp_path):
    with pytest.raises(NotSent) as caught:
        send_to(tmp_path, f"http://127.0.0.1:{free_port()}/videos")
    assert "nothing was sent" in caught.value.message


def test_a_name_that_does_not_resolve_is_not_sent(tmp_path):
    with pytest.raises(NotSent):
        send_to(tmp_path, f"http://{'x' * 64}.invalid/videos")


async def speak_no_tls(_, writer):
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_header_that_cannot_be_sent_is_not_sent(tmp_path):
    async def act():
        async with serve_raw(answer(200)) as wire, reach(tmp_path) as http:
            with pytest.raises(NotSent) as caught:
                await http.send("POST", wire.url, headers={"Authorization": "Bearer sk-secret\r\nX: y"}, body=b"{}")
            return caught.value, wire

    error, wire = asyncio.run(act())
    assert wire.heads == []
    assert error.retry == "elsewhere"
    assert "sk-secret" not in f"{error} {error.__cause__}"


def test_a_failed_tls_handshake_is_not_sent(tmp_path):
    async def act():
        async with serve_raw(speak_no_tls) as wire, reach(tmp_path) as http:
            with pytest.raises(NotSent):
                await http.send("POST", f"https://127.0.0.1:{wire.port}/videos", **PAID, timeout=5.0)
            assert wire.heads == []

    asyncio.run(act())


def test_a_handshake_that_never_ends_is_not_sent(tmp_path):
    async def act():
        async with serve_raw(hang) as wire, reach(tmp_path) as http:
            with pytest.raises(NotSent):
                await http.send("POST", f"https://127.0.0.1:{wire.port}/videos", **PAID, timeout=0.3)

    asyncio.run(act())


def test_a_connection_that_closed_before_the_first_write_is_not_sent():
    async def act():
        async with serve_raw(hang) as wire:
            loop = asyncio.get_running_loop()
            transport, protocol = await loop.create_connection(lambda: aiohttp.client_proto.ResponseHandler(loop), "127.0.0.1", wire.port)
            transport.close()
            body = Outgoing((b"x",))
            with pytest.raises(aiohttp.ClientConnectionResetError):
                await as_payload(body).write(StreamWriter(protocol, loop))
            assert not body.left

    asyncio.run(act())


def test_a_body_has_left_with_its_first_byte():
    async def act():
        async with serve_raw(hang) as wire:
            loop = asyncio.get_running_loop()
            transport, protocol = await loop.create_connection(lambda: aiohttp.client_proto.ResponseHandler(loop), "127.0.0.1", wire.port)
            body = Outgoing((b"x", b"y"))
            await as_payload(body).write(StreamWriter(protocol, loop))
            assert body.left
            transport.abort()

    asyncio.run(act())


@pytest.mark.parametrize("behaviour", [close_after_head, close_after_body], ids=["after the head", "after the body"])
@pytest.mark.parametrize("size", [1, 1000, 4_000_000])
def test_a_connection_that_breaks_after_bytes_left_is_ambiguous(tmp_path, behaviour, size):
    outcome, wire = submit(tmp_path, behaviour, body=b"x" * size)

    assert isinstance(outcome, Ambiguous)
    assert wire.connections == 1
    assert len(wire.heads) == 1


@pytest.mark.parametrize("attempt", range(20))
def test_a_server_that_closes_unread_never_reads_as_answered(tmp_path, attempt):
    outcome, wire = submit(tmp_path, close_at_once)

    assert isinstance(outcome, NotSent | Ambiguous)
    assert wire.heads == []
    assert wire.connections == 1


def test_silence_is_ambiguous_after_the_time_given(tmp_path):
    outcome, wire = submit(tmp_path, hang, timeout=0.3)

    assert isinstance(outcome, Ambiguous)
    assert wire.connections == 1


def test_an_answer_that_breaks_off_is_ambiguous_when_it_was_yes(tmp_path):
    outcome, _ = submit(tmp_path, answer(200, b'{"id":', claim=100))

    assert isinstance(outcome, Ambiguous)


def test_an_answer_that_breaks_off_is_a_no_when_its_status_was(tmp_path):
    outcome, _ = submit(tmp_path, answer(422, b"{", claim=100))

    assert outcome == Reply(422, outcome.headers, b"")
    with pytest.raises(Refused):
        judge(outcome)


@pytest.mark.parametrize("status", [200, 408, 429, 500, 503, 307])
def test_a_status_comes_back_as_it_is_and_is_never_followed_or_repeated(tmp_path, status):
    outcome, wire = submit(tmp_path, answer(status, b"{}", "Location: /elsewhere", "Retry-After: 3"))

    assert (outcome.status, outcome.body, outcome.headers["retry-after"]) == (status, b"{}", "3")
    assert wire.connections == 1


def test_an_endless_answer_is_cut(tmp_path):
    outcome, _ = submit(tmp_path, answer(200, b"x" * (9 << 20)))

    assert isinstance(outcome, Ambiguous)


def test_every_paid_request_has_a_connection_of_its_own(tmp_path):
    async def act():
        async with serve_raw(answer(200, b"{}", "Connection: keep-alive")) as wire, reach(tmp_path) as http:
            for _ in range(3):
                await http.ask("GET", wire.url, headers={})
                await http.send("POST", wire.url, **PAID)
            return wire

    wire = asyncio.run(act())
    assert wire.connections == len(wire.heads) == 6
    assert all(b"connection: close" in head.lower() for head in wire.heads if head.startswith(b"POST"))


def test_an_empty_body_counts_as_sent_with_the_head(tmp_path):
    outcome, wire = submit(tmp_path, close_after_head, body=b"")

    assert isinstance(outcome, Ambiguous)
    assert b"Content-Length: 0" in wire.heads[0]


def test_no_error_tells_the_key_or_the_query(tmp_path):
    outcomes = [submit(tmp_path, behaviour, timeout=0.3)[0] for behaviour in (close_after_head, close_at_once, hang)]

    for outcome in outcomes:
        assert "secret" not in str(outcome)
        assert "hidden" not in str(outcome)


def test_a_form_is_sent_field_for_field(tmp_path):
    seen = []

    async def keep(reader, writer):
        seen.append(await reader.request())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    submit(tmp_path, keep, body=[Part("prompt", 'A "fox"\r\n'), Part('f"\r\n', b"\x00", filename="a.bin", media_type="image/png")])

    boundary = seen[0].split(b"\r\n", 1)[0]
    assert seen[0] == (
        boundary
        + b'\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nA "fox"\r\n\r\n'
        + boundary
        + b'\r\nContent-Disposition: form-data; name="f%22%0D%0A"; filename="a.bin"\r\nContent-Type: image/png\r\n\r\n\x00\r\n'
        + boundary
        + b"--\r\n"
    )


def test_a_stale_kept_alive_connection_is_not_an_error_of_a_free_request(tmp_path):
    async def answer_then_drop_the_next(reader, writer):
        await reader.request()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.request()
        writer.transport.abort()

    async def act():
        async with serve_raw(answer_then_drop_the_next, answer(200, b"{}")) as wire, reach(tmp_path) as http:
            first = await http.ask("GET", wire.url, headers={})
            second = await http.ask("POST", wire.url, headers={})
            return first, second, wire

    first, second, wire = asyncio.run(act())
    assert first.status == second.status == 200
    assert wire.connections == 2


def test_a_free_request_to_nowhere_is_not_sent_and_one_to_silence_ambiguous(tmp_path):
    async def act():
        async with serve_raw(hang) as wire, reach(tmp_path) as http:
            with pytest.raises(NotSent):
                await http.ask("GET", f"http://127.0.0.1:{free_port()}", headers={})
            with pytest.raises(Ambiguous):
                await http.ask("GET", wire.url, headers={}, timeout=0.3)
        async with serve_raw(close_after_head) as wire, reach(tmp_path) as http:
            with pytest.raises(Ambiguous):
                await http.ask("GET", wire.url, headers={})

    asyncio.run(act())


def download(folder, *behaviours, offset=0, policy=None, home=True):
    """Stream from a server that behaves so; the bytes or the error, and what arrived."""

    async def act():
        async with serve_raw(*behaviours) as wire:
            options = {"policy": policy} if policy else {}
            async with reach(folder, api_base=wire.url + "/v1" if home else None, **options) as http:
                try:
                    async with http.stream(f"{wire.url}/v1/clip", headers=PAID["headers"], offset=offset) as stream:
                        return b"".join([chunk async for chunk in stream.chunks]), stream.length, wire
                except ProviderError as error:
                    return error, None, wire

    return asyncio.run(act())


def test_a_download_begins_where_it_is_asked_to(tmp_path):
    content, length, wire = download(tmp_path, answer(206, b"cdef", "Content-Range: bytes 2-5/6"), offset=2)

    assert (content, length) == (b"cdef", 4)
    assert b"Range: bytes=2-" in wire.heads[0]


def test_a_server_that_knows_no_ranges_is_read_past_the_offset(tmp_path):
    content, length, _ = download(tmp_path, answer(200, b"abcdef"), offset=2)

    assert (content, length) == (b"cdef", 4)


def test_a_range_that_was_not_asked_for_is_refused(tmp_path):
    outcome, _, _ = download(tmp_path, answer(206, b"abcdef", "Content-Range: bytes 0-5/6"), offset=2)

    assert isinstance(outcome, ProviderError)
    assert "another range" in outcome.message


def test_a_download_from_its_end_on_is_empty(tmp_path):
    content, length, _ = download(tmp_path, answer(416, b"", "Content-Range: bytes */6"), offset=6)

    assert (content, length) == (b"", 0)


def test_a_download_that_breaks_off_says_so_and_may_be_tried_again(tmp_path):
    outcome, _, _ = download(tmp_path, answer(200, b"abc", claim=6))

    assert outcome.code == "provider_download_broken"
    assert outcome.retry == "same"


@pytest.mark.parametrize(("status", "kind"), [(404, LostJob), (410, LostJob), (401, Refused), (500, ProviderError), (429, ProviderError)])
def test_a_download_that_is_denied_says_what_it_means(tmp_path, status, kind):
    outcome, _, _ = download(tmp_path, answer(status, b"{}"))

    assert type(outcome) is kind


def test_a_redirect_within_the_origin_keeps_the_key(tmp_path):
    content, _, wire = download(tmp_path, answer(302, b"", "Location: /elsewhere"), answer(200, b"abc"))

    assert content == b"abc"
    assert wire.heads[1].startswith(b"GET /elsewhere ")
    assert b"sk-secret" in wire.heads[1]


def test_a_redirect_to_a_private_address_is_not_followed(tmp_path):
    async def act():
        async with serve_raw(answer(200, b"secret")) as inside, serve_raw(answer(302, b"", f"Location: {inside.url}/x")) as wire:
            async with reach(tmp_path, api_base=wire.url) as http:
                with pytest.raises(ProviderError):
                    async with http.stream(f"{wire.url}/clip", headers=PAID["headers"]):
                        pass
            return inside

    assert asyncio.run(act()).connections == 0


def test_a_redirect_to_another_origin_carries_no_key(tmp_path):
    async def act():
        async with serve_raw(answer(200, b"abc")) as other, serve_raw(answer(302, b"", f"Location: {other.url}/x?sig=1")) as wire:
            anywhere = reach(tmp_path, api_base=wire.url, policy=lambda address, port: True)
            async with anywhere as http, http.stream(f"{wire.url}/clip", headers=PAID["headers"]) as stream:
                return b"".join([chunk async for chunk in stream.chunks]), other

    content, other = asyncio.run(act())
    assert content == b"abc"
    assert b"sk-secret" not in other.heads[0]


def test_a_signed_link_is_asked_for_as_it_was_written(tmp_path):
    location = "/a%2fb?sig=x%2Fy%2B%3d+z&e=%7E"
    content, _, wire = download(tmp_path, answer(302, b"", f"Location: {location}"), answer(200, b"abc"))

    assert content == b"abc"
    assert wire.heads[1].startswith(f"GET {location} ".encode())


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://h:99999/", "http://[::1", "http://h:x/", "data:,x"])
def test_a_redirect_to_no_web_address_is_refused(tmp_path, location):
    outcome, _, wire = download(tmp_path, answer(302, b"", f"Location: {location}"))

    assert isinstance(outcome, Refused)
    assert wire.connections == 1


def test_redirects_end(tmp_path):
    outcome, _, wire = download(tmp_path, answer(302, b"", "Location: /again"))

    assert isinstance(outcome, Refused)
    assert wire.connections == 4


def test_an_address_that_is_not_the_accounts_own_must_be_public(tmp_path):
    outcome, _, wire = download(tmp_path, answer(200, b"abc"), home=False)

    assert isinstance(outcome, ProviderError)
    assert wire.connections == 0


def test_reading_goes_on_only_as_fast_as_it_is_taken(tmp_path):
    big = b"x" * (32 << 20)
    written = []

    async def pour(reader, writer):
        await reader.request()
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(big)}\r\n\r\n".encode())
        for start in range(0, len(big), 1 << 20):
            writer.write(big[start : start + (1 << 20)])
            await writer.drain()
            written.append(start)

    async def act():
        async with serve_raw(pour) as wire, reach(tmp_path, api_base=wire.url) as http, http.stream(wire.url, headers={}) as stream:
            first = await anext(stream.chunks)
            for _ in range(100):
                await asyncio.sleep(0)
            return len(first), len(written)

    _, megabytes = asyncio.run(act())
    assert megabytes < 16


def test_nothing_is_imported_for_a_transport_that_is_not_used():
    code = (
        "import sys, pathlib; from castlist.providers.transport import Connections, HttpTransport; import castlist.fetch;"
        "HttpTransport(None, scratch=pathlib.Path('.'), connections=Connections()); castlist.fetch.Fetcher();"
        "sys.exit('aiohttp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_spelling_of_api_base_does_not_hide_that_it_is_the_accounts_own(tmp_path):
    async def act():
        async with serve_raw(answer(200, b"abc")) as wire:
            own = f"HTTP://LocalHost:{wire.port}"
            async with reach(tmp_path, api_base=own) as http, http.stream(f"{own}/clip", headers={}) as stream:
                return b"".join([chunk async for chunk in stream.chunks])

    assert asyncio.run(act()) == b"abc"


@pytest.mark.parametrize("status", [200, 404])
def test_a_body_that_drips_for_ever_is_given_up(tmp_path, status):
    async def drip(reader, writer):
        await reader.request()
        writer.write(b"HTTP/1.1 %d X\r\nContent-Type: video/mp4\r\n\r\n" % status)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async def act():
        connections = Connections()
        async with serve_raw(drip) as wire:
            http = HttpTransport(FolderAssets(tmp_path), scratch=tmp_path, connections=connections, api_base=wire.url, download_seconds=0.3)
            try:
                async with http.stream(f"{wire.url}/film.mp4", headers={}) as stream:
                    return [chunk async for chunk in stream.chunks]
            finally:
                await connections.close()

    with pytest.raises(ProviderError) as caught:
        asyncio.run(act())

    assert caught.value.code == "provider_download_broken"
