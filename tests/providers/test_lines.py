"""The lean connections under free requests, met by real sockets that do what servers do."""

import asyncio
import gzip

import pytest

from castlist.errors import Ambiguous
from castlist.providers.lines import LARGEST_REPLY
from providers.wires import answer, reach, serve_raw

BODY = b'{"status": "in_progress"}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Request-Id: req_1\r\n\r\n%s" % (len(BODY), BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % each for each in BODY) + b"0\r\n\r\n"
PACKED = gzip.compress(BODY)
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(PACKED), PACKED)


def say(*answers, apart=False):
    """Read a request and answer it, for each of `answers`, on one connection; `apart`: a byte at a time."""

    async def behave(reader, writer):
        for text in answers:
            await reader.request()
            for piece in [bytes([each]) for each in text] if apart else [text]:
                writer.write(piece)
                await writer.drain()
        await reader.request()

    return behave


def say_and_close(text):
    async def behave(reader, writer):
        await reader.request()
        writer.write(text)

    return behave


def ask(folder, *behaviours, times=1, headers=None, path="/v1/videos/a"):
    """The last of so many answers and what arrived at the server."""

    async def act():
        async with serve_raw(*behaviours) as wire, reach(folder) as http:
            for _ in range(times):
                reply = await http.ask("GET", f"{wire.url}{path}", headers=headers or {}, timeout=5.0)
            return reply, wire

    return asyncio.run(act())


@pytest.mark.parametrize("text", [WHOLE, CHUNKED, GZIPPED, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + WHOLE])
@pytest.mark.parametrize("apart", [False, True])
def test_an_answer_is_read_in_whichever_way_it_comes(tmp_path, text, apart):
    reply, wire = ask(tmp_path, say(*[text] * 3, apart=apart), times=3)

    assert (reply.status, reply.body) == (200, BODY)
    assert wire.connections == 1
    assert "link" not in reply.headers


def test_an_answer_without_a_length_ends_with_its_connection(tmp_path):
    reply, wire = ask(tmp_path, say_and_close(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + BODY), times=2)

    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "text/html", BODY)
    assert wire.connections == 2


def test_a_connection_that_is_to_be_closed_is_not_used_again(tmp_path):
    reply, wire = ask(tmp_path, say(WHOLE.replace(b"X-Req", b"Connection: close\r\nX-Req")), times=2)

    assert reply.body == BODY
    assert wire.connections == 2


def test_what_comes_unasked_is_no_answer_to_the_next_request(tmp_path):
    unasked = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"

    reply, _ = ask(tmp_path, say(WHOLE + unasked), say(WHOLE), times=2)

    assert reply.body == BODY


def test_the_request_is_what_was_asked_for(tmp_path):
    _, wire = ask(tmp_path, answer(200, BODY), headers={"Authorization": "Bearer sk-1"}, path="/v1/videos/a%2Fb?x=1#part")

    head = wire.heads[0].decode().split("\r\n")
    assert head[0] == "GET /v1/videos/a%2Fb?x=1 HTTP/1.1"
    assert head[1] == f"Host: 127.0.0.1:{wire.port}"
    assert "Authorization: Bearer sk-1" in head


@pytest.mark.parametrize(
    "text",
    [
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\ncut",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGEST_REPLY + 1),
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * (LARGEST_REPLY + 1),
    ],
)
def test_what_cannot_be_read_is_an_answer_that_did_not_come(tmp_path, text):
    with pytest.raises(Ambiguous):
        ask(tmp_path, say_and_close(text))


def test_a_packed_answer_that_swells_is_cut(tmp_path):
    bomb = gzip.compress(b"0" * (LARGEST_REPLY + 1))

    with pytest.raises(Ambiguous):
        ask(tmp_path, say_and_close(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(bomb), bomb)))


def test_who_gives_up_leaves_no_answer_behind_for_the_next(tmp_path):
    async def answer_late(reader, writer):
        await reader.request()
        await asked_again.wait()
        writer.write(WHOLE.replace(BODY, BODY.upper()))

    async def act():
        async with serve_raw(answer_late, say(WHOLE)) as wire, reach(tmp_path) as http:
            first = asyncio.create_task(http.ask("GET", wire.url, headers={}))
            while not wire.heads:
                await asyncio.sleep(0)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            asked_again.set()
            return await http.ask("GET", wire.url, headers={})

    asked_again = asyncio.Event()
    assert asyncio.run(act()).body == BODY
