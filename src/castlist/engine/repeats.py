"""Requests that come twice: one is known again by its key or by all it asks for, and makes nothing more."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import MISSING, Field, fields, replace

from castlist.engine.kit import Kit
from castlist.errors import Conflict
from castlist.model.asks import Caller, CharacterAsk, Incoming, VideoAsk
from castlist.model.operations import Wishes
from castlist.model.repeats import Mark, Repeat, Settled
from castlist.storage.codec import Json, encode


def mark(caller: Caller, ask: VideoAsk | CharacterAsk, repeat: Repeat) -> Mark:
    """How the request is known again. Keys are kept as hashes: they are the caller's own words."""
    key = None if repeat.key is None else _hash(repeat.key)
    return Mark(caller.project, _digest(ask), key=key, again=repeat.again)


async def settle(kit: Kit, caller: Caller, key: str) -> Settled:
    """What became of the caller's request with that key; one that still comes with it makes nothing more."""
    return await kit.storage.requests.settle(caller.project, _hash(key))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(ask: VideoAsk | CharacterAsk) -> str:
    """Of the parsed fields and the bytes of the files, so that two forms of one request with other boundaries are the same.

    What was not said is left out: a version that knows one more field has the same digest for a request without it."""
    wishes: Json = None
    if isinstance(ask, CharacterAsk):
        plain, files = encode(ask, without=_unsaid(ask) | {"files"}), [("file", file) for file in ask.files]
    else:
        incoming = {"source"} if isinstance(ask.source, Incoming) else set()
        plain = encode(ask, without=_unsaid(ask) | {"reference", "wishes"} | incoming)
        wishes = encode(ask.wishes, without=_unsaid(ask.wishes))
        files = [(name, part) for name, part in (("reference", ask.reference), ("source", ask.source)) if isinstance(part, Incoming)]
    text = json.dumps([type(ask).__name__, plain, wishes, [(name, file.sha256) for name, file in files]], sort_keys=True)
    return _hash(text)


def _unsaid(part: VideoAsk | CharacterAsk | Wishes) -> frozenset[str]:
    """The fields that are as they are where nobody says anything of them."""
    return frozenset(each.name for each in fields(part) if getattr(part, each.name) == _default(each))


def _default(each: Field[object]) -> object:
    return each.default if each.default_factory is MISSING else each.default_factory()


def gone(owner: str) -> Conflict:
    """The error for a key whose work was deleted since: neither given out nor made again."""
    text = f"This Idempotency-Key belongs to the request that made {owner}, which was deleted since. Send a new key with a new request."
    return Conflict(text, code="idempotency_key_reused", param="Idempotency-Key")


async def look_back(known: Mark, repeat: Repeat) -> Mark:
    """The mark with whether its client has hung up, and so may have sent the same again."""
    broken = repeat.broken is not None and await repeat.broken()
    return replace(known, lost_since=repeat.since) if broken else known


def overtaken() -> Conflict:
    """The error for a request that nobody waits for, as the same one came again and has made its work."""
    return Conflict("The line of this request broke, and the same request, sent again, was taken instead.", code="request_overtaken")


@asynccontextmanager
async def arrive(kit: Kit, known: Mark) -> AsyncIterator[None]:
    """While a request becomes a row. One that says it comes again waits here for the equal ones that are on their way."""
    name = (known.project, known.digest)
    if known.again:
        await asyncio.gather(*(event.wait() for event in kit.arriving.get(name, ())))
    through = asyncio.Event()
    kit.arriving.setdefault(name, []).append(through)
    try:
        yield
    finally:
        through.set()
        kit.arriving[name].remove(through)
        if not kit.arriving[name]:
            del kit.arriving[name]
