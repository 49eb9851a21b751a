"""Which method and path leads where."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from castlist.server import callbacks, characters, content, documents, events, health, jobs, metrics, models, repeats, videos, webhooks
from castlist.server.front import Front

Endpoint: TypeAlias = Callable[[Front, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Road:
    """One route: `path` as OpenAPI writes it."""

    method: str
    path: str
    endpoint: Endpoint

    @property
    def pattern(self) -> str:
        """The path as Starlette's router reads it."""
        return self.path.replace("{video_id}", "{video_id:video}").replace("{model}", "{model:path}")


class VideoId(Convertor[str]):
    """A path segment that is none of the fixed words beside it."""

    regex = r"(?!(?:characters|edits|extensions|plan)(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("video", VideoId())

ROADS = (
    Road("POST", "/videos/characters", characters.create_character),
    Road("GET", "/videos/characters", characters.list_characters),
    Road("GET", "/videos/characters/{character_id}", characters.get_character),
    Road("DELETE", "/videos/characters/{character_id}", characters.delete_character),
    Road("GET", "/videos/characters/{character_id}/content", content.get_character_content),
    Road("POST", "/videos", videos.create_video),
    Road("GET", "/videos", videos.list_videos),
    Road("POST", "/videos/plan", videos.plan_video),
    Road("POST", "/videos/edits", videos.edit_video),
    Road("POST", "/videos/extensions", videos.extend_video),
    Road("GET", "/videos/{video_id}", videos.get_video),
    Road("DELETE", "/videos/{video_id}", videos.delete_video),
    Road("GET", "/videos/{video_id}/events", events.watch_video),
    Road("GET", "/videos/{video_id}/content", content.get_video_content),
    Road("POST", "/videos/{video_id}/remix", videos.remix_video),
    Road("POST", "/videos/{video_id}/cancel", videos.cancel_video),
    Road("POST", "/requests/settle", repeats.settle_request),
    Road("GET", "/jobs/unknown", jobs.list_unknown),
    Road("GET", "/jobs/stuck", jobs.list_stuck),
    Road("POST", "/jobs/{video_id}/resolve", jobs.resolve_job),
    Road("GET", "/media/{name}", content.get_media),
    Road("GET", "/webhook_endpoints", webhooks.list_endpoints),
    Road("GET", "/webhook_endpoints/{endpoint_id}", webhooks.get_endpoint),
    Road("POST", "/webhook_endpoints/{endpoint_id}/test", webhooks.try_endpoint),
    Road("GET", "/webhook_deliveries", webhooks.list_deliveries),
    Road("GET", "/webhook_deliveries/{delivery_id}", webhooks.get_delivery),
    Road("POST", "/webhook_deliveries/{delivery_id}/redeliver", webhooks.redeliver),
    Road("GET", "/webhook_secret", webhooks.get_secret),
    Road("POST", "/webhook_secret/rotate", webhooks.rotate_secret),
    Road("POST", "/callbacks/{provider}/{token}", callbacks.take_callback),
    Road("GET", "/models", models.list_models),
    Road("GET", "/models/{model}", models.get_model),
)
"""Served under /v1 and without the prefix."""

PLAIN_ROADS = (
    Road("GET", "/health/liveliness", health.get_liveliness),
    Road("GET", "/health/readiness", health.get_readiness),
    Road("GET", "/metrics", metrics.get_metrics),
    Road("GET", "/openapi.json", documents.get_openapi),
    Road("GET", "/docs", documents.get_docs),
)
"""Served as they are, and under /v1."""
