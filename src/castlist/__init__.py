"""Create a character once, use it with every video model.

`Client` and `AsyncClient` are the way in; the `video_*` and `avideo_*` functions are LiteLLM's names over them. Everything is loaded
at its first use.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castlist.compat._async import (
        avideo,
        avideo_cancel,
        avideo_content,
        avideo_create_character,
        avideo_delete,
        avideo_edit,
        avideo_extension,
        avideo_generation,
        avideo_get_character,
        avideo_list,
        avideo_remix,
        avideo_status,
        avideo_wait,
    )
    from castlist.compat._sync import (
        video,
        video_cancel,
        video_content,
        video_create_character,
        video_delete,
        video_edit,
        video_extension,
        video_generation,
        video_get_character,
        video_list,
        video_remix,
        video_status,
        video_wait,
    )
    from castlist.compat.router import Router
    from castlist.errors import (
        CastlistError,
        Conflict,
        ConnectionFailed,
        Forbidden,
        InvalidRequest,
        MediaRefused,
        NotFound,
        NotImplementedHere,
        ServerError,
        TooLarge,
        Unauthorized,
        Unavailable,
        Unsupported,
        VideoFailed,
        WaitTimeout,
    )
    from castlist.sdk._async.characters import AsyncCharacter
    from castlist.sdk._async.client import AsyncClient
    from castlist.sdk._async.page import AsyncPage
    from castlist.sdk._async.videos import AsyncVideo
    from castlist.sdk._sync.characters import Character
    from castlist.sdk._sync.client import Client
    from castlist.sdk._sync.page import Page
    from castlist.sdk._sync.videos import Video
    from castlist.sdk.plans import VideoPlan

__version__ = "0.1.0"

__all__ = [
    "AsyncCharacter",
    "AsyncClient",
    "AsyncPage",
    "AsyncVideo",
    "CastlistError",
    "Character",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "InvalidRequest",
    "MediaRefused",
    "NotFound",
    "NotImplementedHere",
    "Page",
    "Router",
    "ServerError",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "Unsupported",
    "Video",
    "VideoFailed",
    "VideoPlan",
    "WaitTimeout",
    "avideo",
    "avideo_cancel",
    "avideo_content",
    "avideo_create_character",
    "avideo_delete",
    "avideo_edit",
    "avideo_extension",
    "avideo_generation",
    "avideo_get_character",
    "avideo_list",
    "avideo_remix",
    "avideo_status",
    "avideo_wait",
    "video",
    "video_cancel",
    "video_content",
    "video_create_character",
    "video_delete",
    "video_edit",
    "video_extension",
    "video_generation",
    "video_get_character",
    "video_list",
    "video_remix",
    "video_status",
    "video_wait",
]

_HOMES = {
    "AsyncCharacter": "castlist.sdk._async.characters",
    "AsyncClient": "castlist.sdk._async.client",
    "AsyncPage": "castlist.sdk._async.page",
    "AsyncVideo": "castlist.sdk._async.videos",
    "Character": "castlist.sdk._sync.characters",
    "Client": "castlist.sdk._sync.client",
    "Page": "castlist.sdk._sync.page",
    "Router": "castlist.compat.router",
    "Video": "castlist.sdk._sync.videos",
    "VideoPlan": "castlist.sdk.plans",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_home(name)), name)
    globals()[name] = value
    return value


def _home(name: str) -> str:
    if name.startswith("video"):
        return "castlist.compat._sync"
    if name.startswith("avideo"):
        return "castlist.compat._async"
    return _HOMES.get(name, "castlist.errors")


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
