"""Counters and durations of requests, for Prometheus."""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from math import inf
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from castlist.engine.lasting import STUCK
from castlist.engine.tally import Tally
from castlist.model.jobs import ENDED, State
from castlist.model.telling import Told
from castlist.server.front import Front
from castlist.webhooks import LAGS, Carried

REGISTRY = "castlist.registry"
"""Where a request's scope holds the registry."""

OUTCOMES: Final = {Told.PENDING: "put_off", Told.DELIVERED: "delivered", Told.DEAD: "dead", Told.DISABLED: "disabled"}


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
        self.videos = Gauge("castlist_videos", "Videos of the database that have not ended, by state.", ["state"], registry=self.registry)
        self.stuck = Gauge("castlist_videos_stuck", "Videos that take far longer than usual.", registry=self.registry)
        self.spent = Gauge(
            "castlist_spent_today_micros", "Spent or reserved today (UTC), millionths of a US dollar.", registry=self.registry
        )
        self.waiting = Gauge("castlist_webhooks_waiting", "Webhook deliveries that have not come to an end.", registry=self.registry)
        self.oldest = Gauge("castlist_webhooks_oldest_seconds", "Seconds since the oldest of their events.", registry=self.registry)
        self.work = Work()
        self.registry.register(self.work)
        self.unfinished = Gauge("castlist_videos_unfinished", "Videos that have not ended.", registry=self.registry)
        self.room = Gauge("castlist_storage_free_bytes", "Free bytes where assets are stored.", registry=self.registry)

    def count(self, method: str, route: str, *, status: int, seconds: float) -> None:
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = (self.requests.labels(method, route, str(status)), self.seconds.labels(route))
        children[0].inc()
        children[1].observe(seconds)

    def show_states(self, counts: Mapping[State, int]) -> None:
        """How many videos are in each state that is no end."""
        for state in State:
            if state not in ENDED:
                self.videos.labels(state.value).set(counts.get(state, 0))

    def count_strange(self, words: Mapping[tuple[str, str], int]) -> None:
        """Bring the counter to what the engine has counted so far."""
        for key, number in words.items():
            self.strange.labels(*key).inc(number - self._known.get(key, 0))
            self._known[key] = number


class Work(Collector):
    """What this process has counted of its work at providers, as it is when somebody asks."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.carried = Carried()

    def collect(self) -> Iterable[Metric]:
        attempts = CounterMetricFamily(
            "castlist_attempts", "Submissions that this process saw come to a state.", labels=["provider", "deployment", "outcome"]
        )
        for (provider, deployment, state), number in self.tally.attempts.items():
            attempts.add_metric([provider, deployment, state.value], number)
        polls = CounterMetricFamily("castlist_polls", "Questions to providers about work.", labels=["provider", "outcome"])
        for (provider, answer), number in self.tally.polls.items():
            polls.add_metric([provider, answer], number)
        seconds = CounterMetricFamily("castlist_poll_seconds", "Seconds until providers answered those questions.", labels=["provider"])
        for provider, passed in self.tally.poll_seconds.items():
            seconds.add_metric([provider], passed)
        return [attempts, polls, seconds, *self._webhooks()]

    def _webhooks(self) -> Iterable[Metric]:
        sent = CounterMetricFamily("castlist_webhooks", "Requests to endpoints, by what the delivery came to.", labels=["outcome"])
        for state in Told:
            sent.add_metric([OUTCOMES[state]], self.carried.outcomes[state])
        counts = [self.carried.within[bound] for bound in (*LAGS, inf)]
        buckets = [("+Inf" if bound == inf else str(bound), count) for bound, count in zip((*LAGS, inf), accumulate(counts), strict=True)]
        text = "Seconds from an event until its endpoint had it."
        lag = HistogramMetricFamily("castlist_webhook_lag_seconds", text, buckets=buckets, sum_value=self.carried.seconds[0])
        return [sent, lag]


async def get_metrics(front: Front, request: Request) -> Response:
    front.require_insider(request.scope)
    meters: Meters = request.scope[REGISTRY]
    storage, counts = front.engine.storage, await front.engine.storage.trouble.counts()
    meters.unfinished.set(sum(counts.values()))
    meters.show_states(counts)
    meters.stuck.set(await storage.trouble.noted(STUCK))
    meters.spent.set(await storage.jobs.spent())
    meters.work.tally = front.engine.kit.tally
    meters.work.carried = front.engine.courier.carried
    waiting, oldest = await storage.outbox.waiting()
    meters.waiting.set(waiting)
    meters.oldest.set(oldest)
    meters.count_strange(front.engine.kit.strange)
    meters.room.set(front.engine.storage.assets.room())
    return Response(generate_latest(meters.registry), headers={"content-type": CONTENT_TYPE_LATEST})
