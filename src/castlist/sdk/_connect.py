"""Where the server is and with which key: what the caller said, then the environment, then a gateway of our own."""

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from castlist.errors import InvalidRequest


@dataclass(frozen=True)
class Target:
    """A server that can be called: the URL up to and with /v1, a Unix socket when it is our own, and the key if one is needed."""

    url: str
    socket: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Wanted:
    """What the caller said about where to go; all None means what the environment says, else embedded. `routes` is the configuration of
    a gateway of the caller's own."""

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    data: Path | None = None
    routes: str | None = field(default=None, repr=False)


def find_target(wanted: Wanted) -> Target:
    """Where to send requests; starts the embedded gateway when no URL is given. Raises InvalidRequest for a URL that is none."""
    base_url = wanted.base_url or (None if wanted.data or wanted.routes else os.environ.get("CASTLIST_BASE_URL"))
    key = wanted.api_key or os.environ.get("CASTLIST_API_KEY") or None
    if not base_url:
        socket, own_key = open_embedded(wanted.data, wanted.routes)
        return Target("http://localhost/v1", socket=socket, key=key or own_key)
    url = complete_url(base_url)
    return Target(url, key=key or read_local_key(url, environ=os.environ))


def complete_url(base_url: str) -> str:
    """The URL with /v1 at its end, whether or not it was given."""
    if not _is_url(base_url):
        raise InvalidRequest(f'a base URL is like "http://localhost:4000", and not {base_url!r}', code="invalid_url", param="base_url")
    stem = base_url.rstrip("/")
    return stem if stem.endswith("/v1") else f"{stem}/v1"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket without its other one, a port that is none
        return False


def read_local_key(url: str, *, environ: Mapping[str, str]) -> str | None:
    """The key a gateway on this machine keeps in its data directory, when `url` is this machine; it is sent nowhere else."""
    if not is_loopback(urlsplit(url).hostname or ""):
        return None
    try:
        return (find_data(environ) / "master.key").read_text(encoding="ascii").strip() or None
    except OSError:
        return None


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def find_data(environ: Mapping[str, str]) -> Path:
    """The data directory: CASTLIST_DATA, else the platform's folder for a user's data."""
    if given := environ.get("CASTLIST_DATA"):
        return Path(given).expanduser()
    from platformdirs import user_data_path  # noqa: PLC0415  # not needed by who names a server or a directory

    return user_data_path("castlist", appauthor=False)


def open_embedded(data: Path | None, routes: str | None = None) -> tuple[str, str | None]:
    """The socket and key of this process's own gateway; the server's code is loaded here and only here."""
    find: Callable[[Path, str | None], tuple[str, str | None]] = importlib.import_module("castlist.embedded").reach
    return find(data or find_data(os.environ), routes)


def check_routes(wanted: Wanted) -> None:
    """Raise ConfigError for mistakes in the configuration of a gateway of the caller's own."""
    read: Callable[[Path, str | None], object] = importlib.import_module("castlist.embedded").read_settings
    read(wanted.data or find_data(os.environ), wanted.routes)


def hand_over(wanted: Wanted) -> bool:
    """Start a worker process for the embedded gateway's unfinished work; False when another process serves the directory."""
    give: Callable[[Path], bool] = importlib.import_module("castlist.embedded").hand_over
    return give(wanted.data or find_data(os.environ))
