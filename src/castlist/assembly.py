"""Settings become an engine, a worker and an app: the only place that constructs things."""

import asyncio
import hmac
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from ipaddress import ip_network

import structlog

from castlist import __version__
from castlist.accounts import Accounts
from castlist.catalogue import list_nearest
from castlist.config import ModelEntry, PromptName, Settings
from castlist.days import watch_days
from castlist.engine import Engine, Kit, Policy
from castlist.engine.callbacks import CallbackAddress
from castlist.engine.kit import SETTLE
from castlist.errors import ConfigError
from castlist.fetch import Fetcher
from castlist.media.turns import Turns
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Note
from castlist.model.pricing import show_usd
from castlist.model.providing import Account, Deployment, Provider, Transport
from castlist.model.publishing import Publish
from castlist.model.vendors import VIDEO_PROVIDERS
from castlist.outbound import Outbound, trust_also
from castlist.providers import judge_settings, provider, provider_names
from castlist.providers.transport import Connections, HttpTransport
from castlist.sealing import Seal, derive, own_key
from castlist.server.access import Access, is_loopback
from castlist.server.app import App, build_app
from castlist.server.signing import Signer, load_key
from castlist.storage import Storage
from castlist.telling import Telling
from castlist.webhooks import Courier, Way
from castlist.worker import Worker

log = structlog.get_logger("castlist.assembly")

DEFAULT_MODEL = "sora-2"
EMBEDDED = "animatic"
Reach = Callable[..., Transport]
"""Makes the transport of an account from its `api_base`."""


@dataclass(frozen=True)
class Gateway:
    """One gateway on one data directory. `notices` are sentences for whoever starts it; `open_mode` says that loopback needs no key."""

    settings: Settings
    engine: Engine
    app: App
    worker: Worker | None
    telling: Telling | None
    storage: Storage
    connections: Connections
    open_mode: bool
    notices: Sequence[str]
    turn: Callable[[date], None]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Begin to take work, and to look which models each day (UTC) takes away."""
        self.tasks.append(asyncio.create_task(watch_days(self.turn, _now)))
        if self.worker:
            await self.worker.start()
        if self.telling:
            await self.telling.start()

    async def until_idle(self) -> None:
        """Return when nothing is left that this gateway could move, and nobody is to be told of anything now."""
        if self.worker:
            await self.worker.until_idle()
        if self.telling:
            await self.telling.until_idle()

    async def stop(self) -> None:
        """Give unfinished work back and let go of the directory; nothing accepted is lost."""
        for task in self.tasks:
            task.cancel()
        if self.worker:
            await self.worker.stop()
        if self.telling:
            await self.telling.stop()
        await self.engine.settle(patience=SETTLE)
        for adapter in self.engine.kit.providers.values():
            await adapter.close()
        await self.connections.close()
        await self.storage.close()


async def open_gateway(settings: Settings, *, serving: bool, worker: bool, yields: bool | None = None) -> Gateway:
    """A gateway on `settings.data`, not yet started. `serving` is for one that others reach over TCP; an embedded one is reached over a
    private socket and, by default, `yields` its work to a server on the same directory.

    Raises ConfigError for settings that contradict each other, StorageFull or Unavailable when the directory cannot be used.
    """
    _check(settings, serving=serving)
    storage = await open_storage(settings)
    try:
        return await _build(settings, storage, serving=serving, worker=worker, yields=not serving if yields is None else yields)
    except BaseException:
        await storage.close()
        raise


async def open_storage(settings: Settings) -> Storage:
    """What is kept, rows and files. Raises StorageFull and Unavailable."""
    url = str(settings.database_url) if settings.database_url else None
    return await Storage.open(settings.data, database_url=url, place=settings.place)


async def _build(settings: Settings, storage: Storage, *, serving: bool, worker: bool, yields: bool) -> Gateway:
    if serving and worker:
        storage.holders.mark("serve")
    way = outbound(settings)
    connections = Connections(outbound=way)
    signer = Signer(_link_key(settings), storage.clock, settings.public_base_url)
    reach = partial(HttpTransport, storage.assets, scratch=storage.scratch, connections=connections, publish=signer.publish)
    kit = _kit(settings, storage, reach, signer.publish)
    open_mode = _is_open(settings)
    courier = await _courier(settings, storage, way, registers=serving or (worker and bool(settings.webhooks)))
    engine = Engine(kit, _accounts(settings, open_mode=open_mode), courier)
    access = _access(settings, serving=serving)
    app = build_app(engine, access, signer, fetch=Fetcher(outbound=way).fetch, version=__version__, providers=provider_names())
    hands = Worker(engine, derivations=settings.limits.derivations, yields=yields) if worker else None
    telling = Telling(storage, courier, ring=hands.ring, yields=yields) if hands else None
    shared = _sharing_notices(settings, serving=serving)
    notices = (*settings.warnings, *shared, *_age_notices(kit.deployments), *await _spend_notices(kit), *await _stranded(engine))
    turn = partial(_turn, settings, kit, reach)
    return Gateway(settings, engine, app, hands, telling, storage, connections, open_mode, notices, turn)


def _turn(settings: Settings, kit: Kit, reach: Reach, day: date) -> None:
    """What the settings come to on that day: a model that its vendor has shut down by then is made by what stands in for it."""
    if settings.on_day is not None:
        kit.deployments[:] = _kit(settings.on_day(day), kit.storage, reach, kit.publish, kit.providers).deployments


async def _courier(settings: Settings, storage: Storage, way: Outbound, *, registers: bool) -> Courier:
    """What tells of the end of videos. The endpoints become rows, for whichever process ends a video: those of a gateway that serves,
    and of a worker where its configuration names some."""
    if registers:
        await storage.outbox.register(settings.webhooks)
    return Courier(storage.outbox, storage.secrets, Seal(_own_or_given_key(settings)), clock=storage.clock, way=Way(outbound=way))


def _link_key(settings: Settings) -> bytes:
    """What links are signed with: the same for all gateways on a database, where they have the same master key."""
    if settings.database_url and settings.master_key:
        return hmac.digest(str(settings.master_key).encode(), b"castlist links", "sha256")
    return load_key(settings.data)


def _own_or_given_key(settings: Settings) -> str:
    return str(settings.master_key or own_key(settings.data))


def _access(settings: Settings, *, serving: bool) -> Access:
    served, public = settings.served, bool(settings.public_base_url)
    trusted = tuple(ip_network(each, strict=False) for each in served.trusted_proxies)
    return Access(no_auth=settings.no_auth, private_socket=not serving, root_path=served.root_path, trusted=trusted, public=public)


def _now() -> datetime:
    return datetime.now(UTC)


def _check(settings: Settings, *, serving: bool) -> None:
    check_settings(settings)
    if serving and settings.no_auth and not is_loopback(settings.host):
        text = f"--no-auth works on loopback only, and the host is {settings.host}: whoever reaches it must have a key"
        raise ConfigError([(0, text)], source=settings.source)
    if serving and settings.no_auth and (settings.served.root_path or settings.served.trusted_proxies):
        text = "--no-auth and the settings of castlist.server exclude each other: behind a proxy everybody looks as if on this machine"
        raise ConfigError([(0, text)], source=settings.source)
    if serving and settings.no_auth and settings.public_base_url:
        text = "--no-auth and media.public_base_url exclude each other: a gateway that the internet reaches must have a key"
        raise ConfigError([(0, text)], source=settings.source)


def check_settings(settings: Settings) -> None:
    """Raises ConfigError for settings of entries that the adapters of their providers do not take."""
    known = provider_names()
    judged = [
        (entry.line, text)
        for entry in settings.models
        if entry.provider in known
        for text in judge_settings(entry.provider, entry.settings)
    ]
    if judged:
        raise ConfigError(judged, source=settings.source)


def outbound(settings: Settings) -> Outbound:
    """How the outside is reached. Raises ConfigError for certificates that cannot be read."""
    network = settings.network
    try:
        trust = trust_also(network.ca_bundle) if network.ca_bundle else None
    except OSError as error:
        text = f"network.ca_bundle: {network.ca_bundle} holds no certificates that can be read"
        raise ConfigError([(0, text)], source=settings.source) from error
    return Outbound(str(network.proxy) if network.proxy else None, network.no_proxy, trust)


def _is_open(settings: Settings) -> bool:
    # A proxy on this machine makes everybody look as if they were on it.
    proxied = settings.public_base_url or settings.served.root_path or settings.served.trusted_proxies
    if settings.master_key or settings.projects or proxied or not is_loopback(settings.host):
        return False
    return all(_serves(entry) == EMBEDDED for entry in settings.models if not entry.unavailable)


def _accounts(settings: Settings, *, open_mode: bool) -> Accounts:
    keys = {str(key): project.name for project in settings.projects for key in project.keys}
    return Accounts(keys, master_key=_own_or_given_key(settings), open_mode=open_mode)


def _serves(entry: ModelEntry) -> str:
    return EMBEDDED if entry.stands_in else entry.provider


def _kit(settings: Settings, storage: Storage, reach: Reach, publish: Publish, known: MutableMapping[str, Provider] | None = None) -> Kit:
    """Adapters of accounts that are `known` stay as they are; new ones come to them."""
    providers: MutableMapping[str, Provider] = {} if known is None else known
    made = {entry.id: _deployment(entry, settings, providers, reach) for entry in settings.models}
    deployments = _weighted([each for entry in settings.models for each in _serving(entry, made)], settings.models)
    names = [d.model for d in deployments]
    return Kit(
        storage=storage,
        deployments=list(deployments),
        providers=providers,
        known_providers=frozenset(provider_names()) | VIDEO_PROVIDERS,
        option_providers=frozenset(provider_names()),
        media=Turns().run,
        clock=storage.clock,
        policy=Policy(
            default_model=DEFAULT_MODEL if DEFAULT_MODEL in names else names[0],
            prompt_strict=settings.prompt_name is PromptName.STRICT,
            keep_days=settings.keep_days,
            low_water=settings.limits.reserve_bytes,
            upload_bytes=settings.limits.upload_bytes,
            max_spend_per_day=settings.max_spend_per_day,
            rules=settings.rules,
            troubles=settings.troubles,
        ),
        publish=publish,
        call_back=_call_back(settings),
    )


def _call_back(settings: Settings) -> CallbackAddress | None:
    """Where vendors may call back: nowhere, unless they can reach the gateway."""
    if settings.public_base_url is None:
        return None
    return CallbackAddress(settings.public_base_url, derive(_own_or_given_key(settings), "callbacks"))


def _deployment(entry: ModelEntry, settings: Settings, providers: MutableMapping[str, Provider], reach: Reach) -> Deployment:
    name = _serves(entry)
    if name not in provider_names():
        account = Account(entry.account, name)
        return _unusable(entry, account, settings)
    account = _account(entry, name)
    if account.name not in providers:
        providers[account.name] = provider(name)(account, reach(api_base=account.api_base))
    model = EMBEDDED if entry.stands_in else entry.provider_model
    capabilities = providers[account.name].capabilities(model)
    if entry.known is not None and not entry.stands_in:
        capabilities = entry.known.refine(capabilities)
    if entry.micros_per_second is not None:
        none: Mapping[str, int] = {}
        capabilities = replace(
            capabilities, micros_per_second=entry.micros_per_second, prices=none, source_prices=none, sound_prices=none, micros_per_image=0
        )
    return Deployment(
        id=entry.id,
        model=entry.name,
        provider=name,
        provider_model=model,
        account=account,
        capabilities=capabilities,
        max_parallel=(entry.max_parallel_requests or settings.limits.renders) if name == EMBEDDED else None,
        unavailable=None if entry.stands_in else _shut_down(entry, settings) or entry.unavailable,
        notes=_say_age(entry, by="the embedded renderer, animatic"),
        entry=entry.known,
        retired=entry.retired_on is not None and not entry.stands_in,
        order=entry.order,
        rpm=entry.rpm,
        parallel=None if name == EMBEDDED else entry.max_parallel_requests,
        timeout=entry.timeout,
        num_retries=entry.num_retries,
    )


def _weighted(deployments: Sequence[Deployment], entries: Sequence[ModelEntry]) -> Sequence[Deployment]:
    """The deployments with their shares: `weight` where any of the model has one, else `rpm`."""
    given = {entry.id: entry.weight for entry in entries}
    by_weight = {entry.name for entry in entries if entry.weight is not None}
    found = []
    for deployment in deployments:
        weight = given.get(deployment.id) if deployment.model in by_weight else deployment.rpm
        found.append(replace(deployment, weight=1.0 if weight is None else float(weight)))
    return found


def _serving(entry: ModelEntry, made: Mapping[str, Deployment]) -> Sequence[Deployment]:
    """The deployments under an entry's name: its own, or those that serve in its place."""
    others = [made[name] for name in entry.replacements]
    return [
        replace(
            other,
            id=f"{entry.id} by {other.id}",
            model=entry.name,
            notes=(*_say_age(entry, by=f"{other.provider}/{other.provider_model}"), *other.notes),
        )
        for other in others
    ] or [made[entry.id]]


def _unusable(entry: ModelEntry, account: Account, settings: Settings) -> Deployment:
    return Deployment(
        id=entry.id,
        model=entry.name,
        provider=entry.provider,
        provider_model=entry.provider_model,
        account=account,
        capabilities=Capabilities(entry.provider_model),
        unavailable=_shut_down(entry, settings) or entry.unavailable or f"this installation has no provider {entry.provider}",
        entry=entry.known,
        retired=entry.retired_on is not None,
    )


def _account(entry: ModelEntry, provider: str) -> Account:
    if entry.stands_in or provider == EMBEDDED:
        return Account(EMBEDDED, EMBEDDED)
    key = str(entry.api_key) if entry.api_key else None
    return Account(entry.account, provider, api_base=entry.api_base, api_key=key, settings=entry.settings)


def _shut_down(entry: ModelEntry, settings: Settings) -> str | None:
    if entry.retired_on is None:
        return None
    near = list_nearest(entry.known, day=_now().date(), said=settings.catalogue) if entry.known else ()
    hint = f" (the nearest that live: {', '.join(f'{each.provider}/{each.model}' for each in near)})" if near else ""
    return f"{entry.provider}/{entry.provider_model} was shut down on {entry.retired_on:%Y-%m-%d}{hint}"


def _say_age(entry: ModelEntry, *, by: str) -> tuple[Note, ...]:
    """What every video of a model that is gone, or about to go, says: when, and what serves in its place."""
    model, sunset = f"{entry.provider}/{entry.provider_model}", entry.known.sunset if entry.known else None
    if entry.retired_on is not None:
        text = f"{model} was shut down on {entry.retired_on:%Y-%m-%d}; {entry.name} is served by {by}."
        return (Note("model_retired", text, "model", model, by.rpartition(" ")[2]),)
    if entry.leaving and sunset is not None:
        text = f"{model} will be shut down on {sunset:%Y-%m-%d}: choose another model, or a fallback, before that day."
        return (Note("model_leaving", text, "model", model, f"{sunset:%Y-%m-%d}"),)
    return ()


def _age_notices(deployments: Sequence[Deployment]) -> Sequence[str]:
    return list(dict.fromkeys(note.message for each in deployments if not each.unavailable for note in each.notes))


async def _spend_notices(kit: Kit) -> Sequence[str]:
    """What videos may cost in a day and have cost today, where any of them costs."""
    costs = any(any(table.values()) for d in kit.deployments if not d.unavailable for table in d.capabilities.price_table().values())
    limit = kit.policy.max_spend_per_day
    if not costs:
        return []
    most = "without limit" if limit is None else f"up to {show_usd(limit)}"
    spent = show_usd(await kit.storage.jobs.spent())
    return [f"videos may cost {most} a day together (castlist.max_spend_per_day); {spent} of today's are spent"]


def _sharing_notices(settings: Settings, *, serving: bool) -> Sequence[str]:
    if not (serving and settings.database_url) or settings.master_key:
        return []
    return [
        "other gateways on this database will not know this one's key, nor its links: give all of them the same general_settings.master_key"
    ]


async def _stranded(engine: Engine) -> Sequence[str]:
    """A sentence for each deployment that unfinished jobs wait for and the configuration no longer has."""
    found = await engine.storage.jobs.stranded([d.id for d in engine.kit.deployments])
    return [
        f"{count} unfinished video{'s wait' if count > 1 else ' waits'} for the deployment {name}, which the configuration does not have; "
        "put it back, or cancel them"
        for name, count in found.items()
    ]
