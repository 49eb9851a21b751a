"""What a configuration comes to, as frozen values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from castlist.model.entries import Entry
from castlist.model.places import Place
from castlist.model.routes import Rules
from castlist.model.telling import Wanted
from castlist.model.troubles import Troubles


class Secret(str):
    """A key: usable as the text it is, never shown by `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')"


class OnRetired(StrEnum):
    """What to do with a model whose vendor has shut it down."""

    ANIMATIC = "animatic"
    ERROR = "error"


class PromptName(StrEnum):
    """What to do with a character whose name the prompt lacks: add it to what is sent on, or refuse."""

    LENIENT = "lenient"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one gateway: bytes of disk kept free and of files in a request, embedded renders and derivations at work at once."""

    reserve_bytes: int = 512 * 1024 * 1024
    upload_bytes: int = 100 * 1024 * 1024
    renders: int = 2
    derivations: int = 2


@dataclass(frozen=True, slots=True)
class Network:
    """How the gateway reaches out: `proxy` for all hosts but `no_proxy`, and a file of certificates to believe besides the system's."""

    proxy: Secret | None = None
    no_proxy: tuple[str, ...] = ()
    ca_bundle: Path | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What stands before the gateway: the path a proxy gave it, and the networks of proxies whose word on the caller's address is taken."""

    root_path: str = ""
    trusted_proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One entry of `model_list`.

    `key_name` is the NAME of the variable that holds the key. `account` and `id` are always filled in. `known` is what the catalogue says
    of the model. `retired_on` is set once the vendor has shut the model down on its own host, and `leaving` when it is about to;
    `replacements` are the ids of the deployments that serve in its place, those of the living models among `fallback`. `unavailable`
    says why the entry cannot be used at all.
    """

    name: str
    provider: str
    provider_model: str
    id: str
    account: str
    api_base: str | None = None
    api_key: Secret | None = field(default=None, repr=False)
    key_name: str | None = None
    on_retired: OnRetired = OnRetired.ANIMATIC
    retired_on: date | None = None
    leaving: bool = False
    fallback: tuple[str, ...] = ()
    replacements: tuple[str, ...] = ()
    known: Entry | None = None
    unavailable: str | None = None
    weight: float | None = None
    order: int | None = None
    rpm: int | None = None
    max_parallel_requests: int | None = None
    timeout: float | None = None
    num_retries: int | None = None
    micros_per_second: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    line: int = 0

    @property
    def stands_in(self) -> bool:
        """Whether the embedded renderer serves this entry, because its vendor no longer does."""
        return self.retired_on is not None and not self.replacements and self.on_retired is OnRetired.ANIMATIC


@dataclass(frozen=True, slots=True)
class ProjectKeys:
    """A project and the keys that open it."""

    name: str
    keys: tuple[Secret, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole configuration. `source` names the file it came from; `warnings` are sentences for the log at start-up. `max_spend_per_day`
    is in millionths of a US dollar, None for no limit; `catalogue` is what the file says of models, by PROVIDER/MODEL;
    `public_base_url` is where the gateway is reached from the public internet; `database_url` a PostgreSQL database that other gateways
    and workers may share, in place of a file in `data`; `place` where files are kept, in place of a folder in `data`; `on_day` makes of the
    same text what it comes to on another day, when other models are gone."""

    source: str
    models: tuple[ModelEntry, ...]
    data: Path
    host: str = "127.0.0.1"
    port: int = 4000
    no_auth: bool = False
    master_key: Secret | None = field(default=None, repr=False)
    projects: tuple[ProjectKeys, ...] = ()
    on_retired: OnRetired = OnRetired.ANIMATIC
    prompt_name: PromptName = PromptName.LENIENT
    max_spend_per_day: int | None = 20_000_000
    catalogue: Mapping[str, Entry] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    limits: Limits = Limits()
    public_base_url: str | None = None
    database_url: Secret | None = field(default=None, repr=False)
    place: Place | None = None
    keep_days: int | None = None
    troubles: Troubles = field(default_factory=Troubles)
    network: Network = Network()
    served: Served = Served()
    webhooks: tuple[Wanted, ...] = ()
    warnings: tuple[str, ...] = ()
    on_day: "Callable[[date], Settings] | None" = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a command line says; it wins over the file."""

    data: Path | None = None
    host: str | None = None
    port: int | None = None
    no_auth: bool | None = None


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What the environment says to a client: where its gateway is, the key for it, and the data directory of an embedded one."""

    base_url: str | None
    api_key: Secret | None
    data: Path
