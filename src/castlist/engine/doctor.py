"""What is wrong with an installation, before a video finds out: accounts, clock, codecs, disk and the public address."""

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Final, Protocol

from castlist.engine.kit import Kit
from castlist.errors import CastlistError, LostJob, MediaCrashed, MediaRefused, NotSent, ProviderError
from castlist.media.child import UNTRUSTED
from castlist.model.asks import Incoming
from castlist.model.providing import Deployment, Provider, Reply

RENDERER: Final = "animatic"
CALL_SECONDS: Final = 20.0
SKEW_NOTED: Final = 5.0
SKEW_BROKEN: Final = 60.0
ALIVE: Final = "/health/liveliness"
_MOST_ANSWER: Final = 64 * 1024
_NO_SUCH_ROUTE: Final = frozenset({404, 405, 501})


class Health(StrEnum):
    """`skipped`: there was nothing to look at."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, how it is, and for what is not well a sentence on what would help."""

    subject: str
    health: Health
    message: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an account's provider said to a free request: the reply or what it raised, and how far its clock is ahead of ours."""

    reply: Reply | None = None
    error: Exception | None = None
    skew: float | None = None


class Fetch(Protocol):
    """`castlist.fetch.Fetcher.fetch`."""

    def __call__(self, url: str, into: Path, *, limit: int) -> Awaitable[Incoming]: ...


async def examine(kit: Kit, *, public_base_url: str | None, fetch: Fetch) -> Sequence[Finding]:
    """Everything there is to find, deployments first. Nothing of it costs, and each account is asked once."""
    wanted = {d.account.name: kit.provider(d) for d in kit.deployments if not d.unavailable and d.account.name in kit.providers}
    replies = await asyncio.gather(*(ask(adapter) for adapter in wanted.values()))
    answers = dict(zip(wanted, replies, strict=True))
    deployments = [examine_deployment(each, answers.get(each.account.name, Answer())) for each in kit.deployments]
    clock = examine_clock([answer.skew for answer in replies if answer.skew is not None])
    return [
        *deployments,
        clock,
        await examine_codecs(kit),
        examine_disk(kit),
        await examine_address(public_base_url, fetch, needed=sorted({d.model for d in kit.deployments if d.capabilities.links})),
    ]


async def ask(provider: Provider) -> Answer:
    """What the provider says to its free request, with every way in which it can fail."""
    before = datetime.now(UTC)
    try:
        async with asyncio.timeout(CALL_SECONDS):
            reply = await provider.check()
    except (ProviderError, NotImplementedError, TimeoutError) as error:
        return Answer(error=error)
    middle = before + (datetime.now(UTC) - before) / 2
    return Answer(reply, skew=measure_skew(reply, middle))


def measure_skew(reply: Reply, now: datetime) -> float | None:
    """Seconds by which the vendor's clock is ahead of ours, None where its answer bears no date."""
    try:
        return (parsedate_to_datetime(reply.headers["date"]) - now).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None


def examine_deployment(deployment: Deployment, answer: Answer) -> Finding:
    """Whether a deployment would be served, as far as one free request shows."""
    subject = f"deployment {deployment.model} ({deployment.provider}/{deployment.provider_model})"
    if deployment.retired:
        return Finding(
            subject, Health.WARNING, deployment.unavailable or "shut down by its vendor", "Move to another model, or set a fallback."
        )
    if deployment.unavailable:
        return Finding(subject, Health.BROKEN, deployment.unavailable, "Mend the entry in model_list, or take it out.")
    if not deployment.capabilities.implements:
        text = f"the adapter of {deployment.provider} does not know the model {deployment.provider_model!r}"
        return Finding(subject, Health.BROKEN, text, f"`castlist models --catalogue` lists the models of {deployment.provider}.")
    found = _examine_answer(subject, deployment, answer)
    if found.health is Health.OK and deployment.notes:
        return Finding(subject, Health.WARNING, deployment.notes[0].message, "Move to another model, or set a fallback.")
    return found


def _examine_answer(subject: str, deployment: Deployment, answer: Answer) -> Finding:
    match answer:
        case Answer(error=NotImplementedError()) if deployment.provider == RENDERER:
            return Finding(subject, Health.OK, "the embedded renderer needs no account")
        case Answer(error=NotImplementedError() as error):
            return Finding(subject, Health.SKIPPED, str(error))
        case Answer(error=LostJob()):
            text = f"{_place(deployment)} has nothing where {deployment.provider} answers about an account"
            return Finding(subject, Health.BROKEN, text, "Check api_base, version and path and all.")
        case Answer(error=ProviderError() as error):
            return Finding(subject, Health.BROKEN, error.message, _advise(error, deployment))
        case Answer(reply=Reply() as reply):
            return _examine_reply(subject, deployment, reply)
        case _:
            text = f"no answer within {CALL_SECONDS:g} seconds"
            return Finding(subject, Health.BROKEN, text, "Check the network, the proxy and api_base.")


def _examine_reply(subject: str, deployment: Deployment, reply: Reply) -> Finding:
    where = _place(deployment)
    if reply.status in _NO_SUCH_ROUTE and not _is_object(reply):
        text = f"{where} answers ({reply.status}), which does not tell whether it takes the key"
        return Finding(subject, Health.WARNING, text, "Make a short video with it; `castlist videos plan` shows what that costs.")
    if not _is_object(reply):
        text = f"{where} answers with something that is not the API of {deployment.provider}"
        return Finding(subject, Health.BROKEN, text, "Check api_base: something else answers there, such as a proxy's own page.")
    known = _list_models(reply)
    if known and deployment.provider_model not in known:
        near = ", ".join(known[:5])
        text = f"{where} takes the key, and does not list the model {deployment.provider_model!r} (it lists {near})"
        return Finding(subject, Health.WARNING, text, "Check the name of the model; a server may serve more than it lists.")
    return Finding(subject, Health.OK, f"{where} takes the key")


def _place(deployment: Deployment) -> str:
    return deployment.account.api_base or "the vendor's own address"


def _is_object(reply: Reply) -> bool:
    try:
        return isinstance(json.loads(reply.body), dict)
    except ValueError:
        return False


def _list_models(reply: Reply) -> Sequence[str]:
    found = json.loads(reply.body).get("data")
    return [each["id"] for each in found if isinstance(each, dict) and isinstance(each.get("id"), str)] if isinstance(found, list) else []


_HELP: Final[Mapping[str, str]] = {
    "provider_auth_failed": "Put a key that is valid now into {key}.",
    "provider_rate_limited": "The account is at its limit; try again later, or ask the vendor for more.",
    "provider_quota_exceeded": "The account has no money or quota left: see the vendor's page of it.",
    "provider_unknown": "Check the network, the proxy and api_base.",
}


def _advise(error: ProviderError, deployment: Deployment) -> str:
    if isinstance(error, NotSent):
        return "Check the network, the proxy and api_base."
    text = _HELP.get(error.code, "Check api_base, and the vendor's status page.")
    return text.format(key=f"the api_key of {deployment.model}, or the variable it comes from")


def examine_clock(skews: Sequence[float]) -> Finding:
    """This machine's clock against those of the vendors that answered, whose middle one counts: signatures and links live by it."""
    if not skews:
        return Finding("clock", Health.SKIPPED, "no provider answered, so there is nothing to compare it with")
    skew = median(skews)
    way = "behind" if skew > 0 else "ahead of"
    text = f"this machine's clock is {abs(skew):.0f} s {way} the providers'"
    if abs(skew) <= SKEW_NOTED:
        return Finding("clock", Health.OK, f"this machine's clock agrees with the providers' within {SKEW_NOTED:g} s")
    health = Health.BROKEN if abs(skew) > SKEW_BROKEN else Health.WARNING
    return Finding("clock", health, text, "Turn on time synchronisation (NTP): signed keys, links and webhooks are refused otherwise.")


async def examine_codecs(kit: Kit) -> Finding:
    """A media process that names what it lacks and makes a film, under the limits that uploads have."""
    try:
        found = await kit.media("codecs", {}, limits=UNTRUSTED)
    except (MediaCrashed, MediaRefused) as error:
        text = f"the media process does not work: {error.message}"
        return Finding("codecs", Health.BROKEN, text, "Install castlist again with its own av wheel; it needs 2 GiB of address space.")
    missing = found["missing"]
    if missing or not found["works"]:
        text = (
            f"PyAV {found['version']} lacks {', '.join(map(str, missing))}"
            if isinstance(missing, list) and missing
            else "no film can be made"
        )
        return Finding("codecs", Health.BROKEN, text, "Install the av wheel from the package index: one built by hand may lack codecs.")
    return Finding("codecs", Health.OK, f"PyAV {found['version']} reads and writes all that is needed")


def examine_disk(kit: Kit) -> Finding:
    """Room where Castlist stores, and that it can write there."""
    try:
        with tempfile.NamedTemporaryFile(dir=kit.storage.scratch) as file:
            file.write(b"castlist")
            file.flush()
    except OSError as error:
        text = f"{kit.storage.scratch} cannot be written: {error.strerror}"
        return Finding("disk", Health.BROKEN, text, "Give this user the right to write there, or choose another --data.")
    room, low = kit.storage.assets.room(), kit.policy.low_water
    text = f"{room >> 20:,} MiB are free; {low >> 20:,} MiB are kept for work under way"
    if room < low:
        return Finding("disk", Health.BROKEN, f"{text}, so that nothing is taken", "Delete videos, or give the data directory more room.")
    if room < 4 * low:
        return Finding("disk", Health.WARNING, text, "Delete videos, or give the data directory more room soon.")
    return Finding("disk", Health.OK, text)


async def examine_address(public_base_url: str | None, fetch: Fetch, *, needed: Sequence[str]) -> Finding:
    """Whether the address that providers read files by is public and leads to a gateway; `needed` are the models that may need one."""
    if public_base_url is None:
        if not needed:
            return Finding("public URL", Health.SKIPPED, "none is set, and no model here needs one")
        text = f"none is set: {', '.join(needed)} cannot start from videos that were not made there"
        return Finding("public URL", Health.WARNING, text, "Set media.public_base_url to the address this gateway has on the internet.")
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = await fetch(f"{public_base_url.rstrip('/')}{ALIVE}", Path(folder), limit=_MOST_ANSWER)
            alive = b'"alive"' in found.path.read_bytes()
    except CastlistError as error:
        text = f"{public_base_url} cannot be fetched from: {error.message.partition(';')[0]}"
        return Finding("public URL", Health.BROKEN, text, _REACH)
    if not alive:
        return Finding("public URL", Health.BROKEN, f"{public_base_url} leads to something that is not Castlist", _REACH)
    return Finding("public URL", Health.OK, f"{public_base_url} leads to a gateway")


_REACH: Final = "Start `castlist serve`, and let the proxy before it pass on to it what comes to that address on port 80 or 443."
