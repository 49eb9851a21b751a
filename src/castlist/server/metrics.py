"""Counters and durations of requests, for Prometheus."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from castlist.server.front import Front

REGISTRY = "castlist.registry"
"""Where a request's scope holds the registry."""


class Meters:
    """What the app counts, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.requests = Counter("castlist_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry)
        buckets = (0.005, 0.025, 0.1, 0.5, 2.5, 10, 60)
        self.seconds = Histogram(
            "castlist_request_seconds", "Seconds until an answer was through.", ["route"], buckets=buckets, registry=self.registry
        )
        self.strange = Counter(
            "castlist_unknown_statuses",
            "Polls answered with a status word nobody knows.",
            ["provider", "word"],
            registry=self.registry,
        )
        self._known: dict[tuple[str, str], int] = {}
        self.unfinished = Gauge("castlist_videos_unfinished", "Videos that have not ended.", registry=self.registry)
        self.room = Gauge("castlist_storage_free_bytes", "Free bytes where assets are stored.", registry=self.registry)

    def count(self, method: str, route: str, *, status: int, seconds: float) -> None:
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = (self.requests.labels(method, route, str(status)), self.seconds.labels(route))
        children[0].inc()
        children[1].observe(seconds)

    def count_strange(self, words: Mapping[tuple[str, str], int]) -> None:
        """Bring the counter to what the engine has counted so far."""
        for key, number in words.items():
            self.strange.labels(*key).inc(number - self._known.get(key, 0))
            self._known[key] = number


async def get_metrics(front: Front, request: Request) -> Response:
    front.require_insider(request.scope)
    meters: Meters = request.scope[REGISTRY]
    meters.unfinished.set(await front.engine.storage.jobs.unfinished())
    meters.count_strange(front.engine.kit.strange)
    meters.room.set(front.engine.storage.assets.room())
    return Response(generate_latest(meters.registry), headers={"content-type": CONTENT_TYPE_LATEST})
