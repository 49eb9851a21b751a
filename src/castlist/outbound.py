"""How a gateway reaches out: through a proxy or not, and whose certificates it believes."""

import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outbound:
    """`proxy` is for all hosts but this machine and those in `direct`, a name standing for what is under it too. `trust` is None for the
    system's certificates. A proxy's address may hold a password, so it never shows."""

    proxy: str | None = field(default=None, repr=False)
    direct: tuple[str, ...] = ()
    trust: ssl.SSLContext | None = None

    def proxy_for(self, host: str | None) -> str | None:
        """The proxy on the way to a host, None for the straight way."""
        name = (host or "").lower().rstrip(".")
        if self.proxy is None or not name or _is_here(name):
            return None
        return None if any(name == each or name.endswith(f".{each}") for each in self.direct) else self.proxy


def trust_also(bundle: Path) -> ssl.SSLContext:
    """The system's certificates and those of a file. Raises OSError, which ssl.SSLError is, for a file that has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=bundle)
    return context


def _is_here(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
