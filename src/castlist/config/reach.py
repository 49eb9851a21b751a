"""How the gateway is reached from outside, and how it reaches out."""

from urllib.parse import urlsplit

from castlist.config.document import Node
from castlist.config.reading import Reading


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


def _is_base(text: str, *, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return named and plain and parts.scheme in schemes and text.isascii() and text.isprintable() and " " not in text
