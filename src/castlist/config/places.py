"""Where files are kept: the setting `assets`, and what the environment says of credentials for it."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from castlist.config.document import Node
from castlist.config.reading import Reading, split_address
from castlist.model.places import Bucket, Folder, Place

MIB = 1 << 20
KINDS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "azure": "az"}
VARIABLES = {
    "s3": (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY"),
    "az": (
        "AZURE_STORAGE_ACCOUNT_NAME",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_SAS_KEY",
        "AZURE_STORAGE_ENDPOINT",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_TENANT_ID",
        "AZURE_FEDERATED_TOKEN_FILE",
    ),
}
"""The usual variables of each kind: what obstore calls the same in small letters."""

_WRONG = "assets is s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")


def read_place(reading: Reading, node: Node | None, options: Mapping[str, Node]) -> Place | None:
    """None for the data folder. The file wins over `CASTLIST_ASSETS`."""
    text = reading.text(node, "assets")
    if text is not None and text.value is None:
        reading.wrong(text.line, f"assets is to come from the environment variable {text.variable}, which is not set")
        return None
    address = text.value if text else reading.environ.get("CASTLIST_ASSETS")
    line = node.line if node is not None else 0
    settings = _read_options(reading, options)
    cache = reading.integer(options.get("cache_mib"), "assets_options.cache_mib", low=1)
    if not address:
        return None
    parts = split_address(address)
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return Folder(Path(unquote(parts.path)))
    kind = KINDS.get(parts.scheme)
    if kind is None or not _NAME.fullmatch(parts.netloc) or parts.query or parts.fragment:
        reading.wrong(line, _WRONG)
        return None
    found = {name.lower(): reading.environ[name] for name in VARIABLES[kind] if reading.environ.get(name)}
    if kind == "s3":
        found = _settle_s3({**found, **settings})
    bucket = Bucket(kind, parts.netloc, unquote(parts.path).strip("/"), found)
    return bucket if cache is None else Bucket(kind, bucket.name, bucket.prefix, found, cache * MIB)


def _settle_s3(given: Mapping[str, str]) -> dict[str, str]:
    """A server of one's own is spoken to by path unless the settings say otherwise, and has some region."""
    found = dict(given)
    found.setdefault("aws_region", found.pop("aws_default_region", "us-east-1"))
    own = "aws_endpoint_url" in found
    found.setdefault("aws_virtual_hosted_style_request", "false" if own else "true")
    return found


def _read_options(reading: Reading, options: Mapping[str, Node]) -> dict[str, str]:
    found = {}
    for name, key in (("endpoint", "aws_endpoint_url"), ("region", "aws_region")):
        text = reading.text(options.get(name), f"assets_options.{name}")
        if text is not None and text.value is None:
            reading.wrong(text.line, f"assets_options.{name} is to come from the variable {text.variable}, which is not set")
        elif text is not None and text.value is not None:
            found[key] = text.value
    if "aws_endpoint_url" in found and split_address(found["aws_endpoint_url"]).scheme not in {"http", "https"}:
        reading.wrong(options["endpoint"].line, "assets_options.endpoint is an address such as https://s3.example.com")
    path_style = reading.flag(options.get("path_style"), "assets_options.path_style")
    if path_style is not None:
        found["aws_virtual_hosted_style_request"] = "false" if path_style else "true"
    return found
