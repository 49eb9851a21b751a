"""How the gateway is reached from outside, and how it reaches out."""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from castlist.config.document import Node
from castlist.config.reading import Reading, split_address
from castlist.config.settings import Network, Secret, Served


def read_public_base_url(reading: Reading, node: Node | None) -> str | None:
    """The address the gateway has on the public internet, without a slash at its end."""
    text = reading.text(node, "media.public_base_url")
    if text is None:
        return None
    if text.value is None:
        reading.wrong(text.line, f"media.public_base_url is to come from the environment variable {text.variable}, which is not set")
        return None
    if not _is_base(text.value, schemes=("https", "http")):
        reading.wrong(text.line, "media.public_base_url is an address such as https://video.example.com, without a query or a user name")
        return None
    return text.value.rstrip("/")


def read_served(reading: Reading, fields: Mapping[str, Node]) -> Served:
    """What stands before the gateway: the path that a proxy gave it, and which proxies are believed about the address callers use."""
    root = reading.text(fields.get("root_path"), "server.root_path")
    path = (root.value or "").rstrip("/") if root else ""
    if root is not None and not _ROOT.fullmatch(path or "/x"):
        reading.wrong(root.line, "server.root_path is a path such as /castlist")
        path = ""
    proxies = reading.texts(fields.get("trusted_proxies"), "server.trusted_proxies")
    for each in proxies:
        if not _is_network(each):
            reading.wrong(fields["trusted_proxies"].line, f"server.trusted_proxies: {each} is no address and no network such as 10.0.0.0/8")
    return Served(path, proxies)


def _is_network(text: str) -> bool:
    try:
        return bool(ip_network(text, strict=False))
    except ValueError:
        return False


_ROOT: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def read_database_url(reading: Reading, node: Node | None) -> Secret | None:
    """The shared PostgreSQL database; None for a file in the data folder. The file wins over `CASTLIST_DATABASE_URL`."""
    found = reading.key(node, "database_url")
    line = node.line if node is not None else 0
    if node is None or node.value is None:
        given = reading.environ.get("CASTLIST_DATABASE_URL")
        found = Secret(given) if given else None
    if found is not None and split_address(found).scheme not in {"postgresql", "postgres"}:
        # The address may hold a password: what it is not is said without it.
        reading.wrong(line, "database_url is the address of a PostgreSQL database such as postgresql://user:password@host/castlist")
        return None
    return found


def read_network(reading: Reading, fields: Mapping[str, Node], folder: Path) -> Network:
    """How the gateway reaches out. A file of certificates lies beside the configuration, where it is no absolute path."""
    hosts = reading.texts(fields.get("no_proxy"), "network.no_proxy")
    bundle = reading.text(fields.get("ca_bundle"), "network.ca_bundle")
    path = folder / Path(bundle.value).expanduser() if bundle and bundle.value else None
    if bundle is not None and (path is None or not path.is_file()):
        reading.wrong(bundle.line, f"network.ca_bundle: there is no file {bundle.written}")
    return Network(_read_proxy(reading, fields.get("proxy")), tuple(each.lower().strip(".") for each in hosts), path)


def _read_proxy(reading: Reading, node: Node | None) -> Secret | None:
    proxy = reading.key(node, "network.proxy")
    try:
        parts = urlsplit(proxy or "http://none")
        sound = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound and node is not None:
        reading.wrong(node.line, "network.proxy is an address such as http://proxy.example.com:3128")
    return proxy


def _is_base(text: str, *, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return named and plain and parts.scheme in schemes and text.isascii() and text.isprintable() and " " not in text
