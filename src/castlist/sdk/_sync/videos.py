"""Videos: make them, follow them, fetch them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import Literal, Unpack

from castlist.errors import VideoFailed, WaitTimeout
from castlist.sdk._sync.connection import Connection
from castlist.sdk._sync.page import Page
from castlist.sdk._sync.pauses import sleep
from castlist.sdk.arguments import NewVideo, Wishes, build_body, build_new, identify, takes
from castlist.sdk.paths import quote
from castlist.sdk.plans import VideoPlan, read_plan
from castlist.sdk.queries import VideoQuery
from castlist.sdk.records import Deleted, Json, VideoRecord, read_deleted, read_maps, read_text, read_video
from castlist.sdk.settled import Settled, read_settled
from castlist.sdk.uploads import Form, Source

LONG_POLL = 50.0
QUICK = 0.25
SUFFIXES = {"video": ".mp4", "thumbnail": ".webp", "spritesheet": ".jpg"}
Variant = Literal["video", "thumbnail", "spritesheet"]


@dataclass(frozen=True)
class Video(VideoRecord):
    """A video as it was when the server was asked; `refresh()` and `wait()` return a newer one."""

    _videos: Videos = field(repr=False, compare=False, kw_only=True)

    def refresh(self) -> Video:
        """The video as it is now."""
        return self._videos.get(self)

    def wait(self, *, progress: Callable[[Video], object] | None = None, timeout: float | None = None, raises: bool = True) -> Video:
        """Wait for its end and return it; see `videos.wait`."""
        return self._videos.wait(self, progress=progress, timeout=timeout, raises=raises)

    def download(self, path: str | os.PathLike[str] | None = None, *, variant: Variant = "video") -> Path:
        """Save it, its thumbnail or its spritesheet to a file; see `videos.download`."""
        return self._videos.download(self, path, variant=variant)

    def edit(self, prompt: str, **wishes: Unpack[Wishes]) -> Video:
        """The same video with a change; its cast stays."""
        return self._videos.edit(self, prompt, **wishes)

    def extend(self, prompt: str, *, seconds: int | str | None = None, **wishes: Unpack[Wishes]) -> Video:
        """The video with `seconds` more at its end; its cast stays."""
        return self._videos.extend(self, prompt, seconds=seconds, **wishes)

    def remix(self, prompt: str, **wishes: Unpack[Wishes]) -> Video:
        """The same cast and seed in a new staging."""
        return self._videos.remix(self, prompt, **wishes)

    def cancel(self) -> Video:
        """Stop it. Raises Conflict when it has ended."""
        return self._videos.cancel(self)

    def delete(self) -> Deleted:
        """Delete it; a running one is cancelled first."""
        return self._videos.delete(self)


class Videos:
    """`client.videos`. Wherever a video is asked for, its id will do."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @takes(NewVideo, call="videos.create")
    def create(self, prompt: str, **arguments: Unpack[NewVideo]) -> Video:
        """Ask for a new video; arguments as in `NewVideo`. Raises InvalidRequest, Unsupported or NotFound at once."""
        body, files = build_new(prompt, arguments)
        return self._read(self._ask("/videos", body, files))

    @takes(NewVideo, call="videos.plan")
    def plan(
        self,
        prompt: str,
        *,
        operation: Literal["create", "edit", "extend", "remix"] | None = None,
        video: VideoRecord | Source | None = None,
        **arguments: Unpack[NewVideo],
    ) -> VideoPlan:
        """What would become of a request, before it costs anything: which deployments would be asked in which order, what each would be
        sent, and its price. Nothing is kept. Arguments as in `create`; of an edit, an extension or a remix say `operation` and `video`.
        Raises what the request itself would."""
        body, files = build_new(prompt, arguments)
        if operation is not None:
            body["operation"] = operation
        if isinstance(video, VideoRecord | str):
            body["video"] = {"id": identify(video)}
        elif video is not None:
            files.append(("video", video))
        return read_plan(self._ask("/videos/plan", body, files))

    def get(self, video: VideoRecord | str, *, wait: float = 0.0) -> Video:
        """The video as it is now; with `wait`, in seconds up to 60, once it has changed. Raises NotFound."""
        path = f"/videos/{quote(video)}"
        return self._read(self._connection.watch(path, wait=wait) if wait else self._connection.get(path))

    @takes(VideoQuery, call="videos.list")
    def list(self, **query: Unpack[VideoQuery]) -> Page[Video]:
        """A page of videos, newest first unless `order` is "asc"."""
        character = query.get("character")
        asked: Mapping[str, object] = {**query, "character": None if character is None else identify(character)}
        json = self._connection.get("/videos", asked)

        def follow(after: str) -> Page[Video]:
            onward: VideoQuery = {**query, "after": after}
            return self.list(**onward)

        videos = tuple(map(self._read, read_maps(json.get("data"))))
        last = read_text(json.get("last_id")) or (videos[-1].id if videos else None)
        return Page(videos, has_more=bool(json.get("has_more")), last_id=last, _follow=follow)

    def wait(
        self,
        video: VideoRecord | str,
        *,
        progress: Callable[[Video], object] | None = None,
        timeout: float | None = None,
        raises: bool = True,
    ) -> Video:
        """The video once it has ended. `progress` is called with each newer view of it.

        Raises VideoFailed when it failed or was cancelled, unless `raises` is False, and WaitTimeout after `timeout` seconds; the
        job goes on then.
        """
        until = inf if timeout is None else monotonic() + timeout
        current = self._watch(video, wait=0.0, until=until)
        while not current.ended:
            if progress is not None:
                progress(current)
            left = min(LONG_POLL, until - monotonic())
            if left <= 0:
                raise WaitTimeout(f"{current.id} was not done after {timeout:g} seconds ({current.status}, {current.progress} %)")
            asked = monotonic()
            current = self._watch(current, wait=left, until=until)
            if not current.ended and monotonic() - asked < QUICK:
                sleep(min(QUICK, left))
        if progress is not None:
            progress(current)
        if raises and current.error is not None:
            raise VideoFailed(f"{current.id} failed: {current.error.message}", code=current.error.code)
        return current

    def download(self, video: VideoRecord | str, path: str | os.PathLike[str] | None = None, *, variant: Variant = "video") -> Path:
        """Save the video, its "thumbnail" (WebP) or its "spritesheet" (JPEG); into the working directory when `path` is None, under
        its id when `path` is a folder. The file appears only when it is whole. Raises Conflict before completion."""
        into = Path(path) if path is not None else Path()
        if into.is_dir():
            into /= f"{identify(video)}{'' if variant == 'video' else f'-{variant}'}{SUFFIXES.get(variant, '')}"
        return self._connection.save(f"/videos/{quote(video)}/content", {"variant": variant}, into=into)

    def content(self, video: VideoRecord | str, *, variant: Variant = "video") -> bytes:
        """The bytes of the video, its thumbnail or its spritesheet."""
        return self._connection.read(f"/videos/{quote(video)}/content", {"variant": variant})

    @takes(Wishes, call="videos.edit")
    def edit(self, video: VideoRecord | Source, prompt: str, **wishes: Unpack[Wishes]) -> Video:
        """The same video with a change; `video` is one of the server's (text is an id) or a file: a Path, an open file, bytes."""
        return self._follow_up("/videos/edits", video, build_body({"prompt": prompt}, wishes))

    @takes(Wishes, call="videos.extend")
    def extend(self, video: VideoRecord | Source, prompt: str, *, seconds: int | str | None = None, **wishes: Unpack[Wishes]) -> Video:
        """The video with `seconds` more at its end; `video` as in `edit`."""
        fields = {"prompt": prompt, "seconds": None if seconds is None else str(seconds)}
        return self._follow_up("/videos/extensions", video, build_body(fields, wishes))

    @takes(Wishes, call="videos.remix")
    def remix(self, video: VideoRecord | str, prompt: str, **wishes: Unpack[Wishes]) -> Video:
        """The cast and seed of a finished video in a new staging."""
        return self._read(self._connection.post(f"/videos/{quote(video)}/remix", build_body({"prompt": prompt}, wishes)))

    def cancel(self, video: VideoRecord | str) -> Video:
        """Stop a video. Raises Conflict when it has ended."""
        return self._read(self._connection.post(f"/videos/{quote(video)}/cancel", {}))

    def delete(self, video: VideoRecord | str) -> Deleted:
        """Delete a video; a running one is cancelled first."""
        return read_deleted(self._connection.delete(f"/videos/{quote(video)}"))

    def settle(self, idempotency_key: str) -> Settled:
        """What became of the request that was sent with that Idempotency-Key and never answered. Where it has not come, it makes nothing
        any more: another one, with a new key, makes one video."""
        extras = self._connection.extras
        asking = self._connection.carry(replace(extras, headers={**extras.headers, "Idempotency-Key": idempotency_key}))
        return read_settled(asking.post("/requests/settle", {}))

    def _watch(self, video: VideoRecord | str, *, wait: float, until: float) -> Video:
        return self._read(self._connection.watch(f"/videos/{quote(video)}", wait=wait, until=until))

    def _follow_up(self, path: str, video: VideoRecord | Source, body: dict[str, object]) -> Video:
        if isinstance(video, VideoRecord | str):
            return self._read(self._ask(path, {**body, "video": {"id": identify(video)}}, ()))
        return self._read(self._ask(path, body, [("video", video)]))

    def _ask(self, path: str, body: dict[str, object], files: Sequence[tuple[str, Source]]) -> Json:
        return self._connection.upload(path, Form(body, list(files))) if files else self._connection.post(path, body)

    def _read(self, json: Json) -> Video:
        return Video(**read_video(json), _videos=self)  # type: ignore[arg-type]  # read_video makes the record's fields
