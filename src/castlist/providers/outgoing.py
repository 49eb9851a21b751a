"""A request body that knows whether its first byte has left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castlist.later import Later

if TYPE_CHECKING:
    import aiohttp
else:
    aiohttp = Later("aiohttp")

_LARGEST_WRITE = 256 * 1024


@dataclass(slots=True)
class Outgoing:
    """The chunks of one body. `left` turns true just before the first of them is handed to a connection that is open."""

    chunks: Sequence[bytes]
    left: bool = False

    @property
    def size(self) -> int:
        return sum(map(len, self.chunks))


def as_payload(body: Outgoing) -> "aiohttp.Payload":
    """The body in the form aiohttp writes."""

    class Marked(aiohttp.Payload):
        """aiohttp hands its writer to this, which is the one moment that tells an open connection from a lost one."""

        _autoclose = True

        def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
            return b"".join(body.chunks).decode(encoding, errors)

        async def write(self, writer: "aiohttp.abc.AbstractStreamWriter") -> None:
            transport = getattr(writer, "transport", None)
            if transport is None or transport.is_closing():
                raise aiohttp.ClientConnectionResetError("the connection closed before anything was written")
            body.left = True
            for chunk in body.chunks:
                for start in range(0, len(chunk), _LARGEST_WRITE):
                    await writer.write(chunk[start : start + _LARGEST_WRITE])

        async def write_with_length(self, writer: "aiohttp.abc.AbstractStreamWriter", content_length: int | None) -> None:
            await self.write(writer)

    payload = Marked(body)
    payload._size = body.size
    return payload
