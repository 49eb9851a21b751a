"""What every route works with: the parts it was built from, and what it may ask of a request."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope

from castlist.engine import Engine
from castlist.errors import InvalidRequest
from castlist.model.asks import Caller
from castlist.server.access import HOST, Access, Peer, identify, require_insider
from castlist.server.bodies import Accepts
from castlist.server.signing import Signer
from castlist.server.uploads import Intake
from castlist.server.wire.asking import Fetch, Sources
from castlist.server.wire.reading import nearest, quote
from castlist.server.wire.views import Links

_HARMLESS = frozenset({"custom_llm_provider", "model", "video_id", "character_id", "target_model_names", "timeout", "api-version", "user"})
_MAX_TEXT = 32 * 1024 * 1024


@dataclass(frozen=True)
class Front:
    """The parts the app was built from, and the questions routes ask of them."""

    engine: Engine
    access: Access
    signer: Signer
    fetch: Fetch
    version: str
    options: Collection[str]

    def caller(self, scope: Scope) -> Caller:
        """Who sent the request. Raises Unauthorized or Forbidden."""
        return identify(_peer(scope), self.engine.accounts, self.access)

    def require_insider(self, scope: Scope) -> None:
        """Let pass who may read what concerns the whole gateway. Raises Unauthorized or Forbidden."""
        require_insider(_peer(scope), self.engine.accounts, self.access)

    def links(self, scope: Scope) -> Links:
        """Links for this caller; over a private socket there are none, for nothing else could open them."""
        return Links(self.signer, None if self.access.private_socket else base_url(scope))

    def sources(self) -> Sources:
        return Sources(self.fetch, self.engine.storage.scratch, self.options, self.engine.kit.known_providers)

    def accepts(self, *, files_only: bool = False, text: int = _MAX_TEXT) -> Accepts:
        """What a route reads; `files_only` for those that take no JSON."""
        kit = self.engine.kit
        intake = Intake(kit.storage.scratch, kit.check_room, files=kit.policy.upload_bytes, text=1024 * 1024 if files_only else text)
        return Accepts(intake, json=not files_only)


def _peer(scope: Scope) -> Peer:
    client = scope.get("client")
    return Peer(client[0] if client else None, dict(scope["headers"]))


def base_url(scope: Scope) -> str:
    """The scheme and host the caller used, and the path under which a proxy has put the gateway."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    text: str = scope.get("castlist.host") or host.decode("latin-1")
    if not HOST.fullmatch(text):
        server = scope.get("server") or ("localhost", None)
        text = f"{server[0]}:{server[1]}" if server[1] else "localhost"
    return f"{scope.get('scheme', 'http')}://{text}{scope.get('castlist.root', '')}"


def read_query(request: Request, *known: str) -> dict[str, str]:
    """The query's parameters, each at most once and every one known. Raises InvalidRequest naming the first that is not."""
    found: dict[str, str] = {}
    if not request.scope["query_string"]:
        return found
    for name, value in request.query_params.multi_items():
        if name not in known and name not in _HARMLESS:
            raise InvalidRequest(f"unknown parameter {quote(name)}{nearest(name, known)}", code="unknown_field", param=name[:64])
        if name in found:
            raise InvalidRequest(f"{quote(name)} is there twice", code="duplicate_field", param=name[:64])
        found[name] = value
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """Which page of a list is wanted."""

    after: str | None
    limit: int
    order: str


def read_span(query: dict[str, str]) -> Span:
    """`after`, `limit` and `order` with OpenAI's defaults. Raises InvalidRequest."""
    limit, order = query.get("limit", "20"), query.get("order", "desc")
    if not (limit.isascii() and limit.isdigit() and len(limit) < 6 and 1 <= int(limit) <= 100):
        raise InvalidRequest(f"limit is a whole number from 1 to 100, and not {quote(limit)}", code="invalid_limit", param="limit")
    if order not in {"asc", "desc"}:
        raise InvalidRequest(f"order is asc or desc, and not {quote(order)}", code="invalid_order", param="order")
    return Span(query.get("after"), int(limit), order)
