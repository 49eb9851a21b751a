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
from castlist.sdk._async.connection import AsyncConnection
from castlist.sdk._async.page import AsyncPage
from castlist.sdk._async.pauses import sleep
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
class AsyncVideo(VideoRecord):
    """A video as it was when the server was asked; `refresh()` and `wait()` return a newer one."""

    _videos: AsyncVideos = field(repr=False, compare=False, kw_only=True)

    async def refresh(self) -> AsyncVideo:
        """The video as it is now."""
        return await self._videos.get(self)

    async def wait(
        self, *, progress: Callable[[AsyncVideo], object] | None = None, timeout: float | None = None, raises: bool = True
    ) -> AsyncVideo:
        """Wait for its end and return it; see `videos.wait`."""
        return await self._videos.wait(self, progress=progress, timeout=timeout, raises=raises)

    async def download(self, path: str | os.PathLike[str] | None = None, *, variant: Variant = "video") -> Path:
        """Save it, its thumbnail or its spritesheet to a file; see `videos.download`."""
        return await self._videos.download(self, path, variant=variant)

    async def edit(self, prompt: str, **wishes: Unpack[Wishes]) -> AsyncVideo:
        """The same video with a change; its cast stays."""
        return await self._videos.edit(self, prompt, **wishes)

    async def extend(self, prompt: str, *, seconds: int | str | None = None, **wishes: Unpack[Wishes]) -> AsyncVideo:
        """The video with `seconds` more at its end; its cast stays."""
        return await self._videos.extend(self, prompt, seconds=seconds, **wishes)

    async def remix(self, prompt: str, **wishes: Unpack[Wishes]) -> AsyncVideo:
        """The same cast and seed in a new staging."""
        return await self._videos.remix(self, prompt, **wishes)

    async def cancel(self) -> AsyncVideo:
        """Stop it. Raises Conflict when it has ended."""
        return await self._videos.cancel(self)

    async def delete(self) -> Deleted:
        """Delete it; a running one is cancelled first."""
        return await self._videos.delete(self)


class AsyncVideos:
    """`client.videos`. Wherever a video is asked for, its id will do."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @takes(NewVideo, call="videos.create")
    async def create(self, prompt: str, **arguments: Unpack[NewVideo]) -> AsyncVideo:
        """Ask for a new video; arguments as in `NewVideo`. Raises InvalidRequest, Unsupported or NotFound at once."""
        body, files = build_new(prompt, arguments)
        return self._read(await self._ask("/videos", body, files))

    @takes(NewVideo, call="videos.plan")
    async def plan(
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
        return read_plan(await self._ask("/videos/plan", body, files))

    async def get(self, video: VideoRecord | str, *, wait: float = 0.0) -> AsyncVideo:
        """The video as it is now; with `wait`, in seconds up to 60, once it has changed. Raises NotFound."""
        path = f"/videos/{quote(video)}"
        return self._read(await (self._connection.watch(path, wait=wait) if wait else self._connection.get(path)))

    @takes(VideoQuery, call="videos.list")
    async def list(self, **query: Unpack[VideoQuery]) -> AsyncPage[AsyncVideo]:
        """A page of videos, newest first unless `order` is "asc"."""
        character = query.get("character")
        asked: Mapping[str, object] = {**query, "character": None if character is None else identify(character)}
        json = await self._connection.get("/videos", asked)

        async def follow(after: str) -> AsyncPage[AsyncVideo]:
            onward: VideoQuery = {**query, "after": after}
            return await self.list(**onward)

        videos = tuple(map(self._read, read_maps(json.get("data"))))
        last = read_text(json.get("last_id")) or (videos[-1].id if videos else None)
        return AsyncPage(videos, has_more=bool(json.get("has_more")), last_id=last, _follow=follow)

    async def wait(
        self,
        video: VideoRecord | str,
        *,
        progress: Callable[[AsyncVideo], object] | None = None,
        timeout: float | None = None,
        raises: bool = True,
    ) -> AsyncVideo:
        """The video once it has ended. `progress` is called with each newer view of it.

        Raises VideoFailed when it failed or was cancelled, unless `raises` is False, and WaitTimeout after `timeout` seconds; the
        job goes on then.
        """
        until = inf if timeout is None else monotonic() + timeout
        current = await self._watch(video, wait=0.0, until=until)
        while not current.ended:
            if progress is not None:
                progress(current)
            left = min(LONG_POLL, until - monotonic())
            if left <= 0:
                raise WaitTimeout(f"{current.id} was not done after {timeout:g} seconds ({current.status}, {current.progress} %)")
            asked = monotonic()
            current = await self._watch(current, wait=left, until=until)
            if not current.ended and monotonic() - asked < QUICK:
                await sleep(min(QUICK, left))
        if progress is not None:
            progress(current)
        if raises and current.error is not None:
            raise VideoFailed(f"{current.id} failed: {current.error.message}", code=current.error.code)
        return current

    async def download(self, video: VideoRecord | str, path: str | os.PathLike[str] | None = None, *, variant: Variant = "video") -> Path:
        """Save the video, its "thumbnail" (WebP) or its "spritesheet" (JPEG); into the working directory when `path` is None, under
        its id when `path` is a folder. The file appears only when it is whole. Raises Conflict before completion."""
        into = Path(path) if path is not None else Path()
        if into.is_dir():
            into /= f"{identify(video)}{'' if variant == 'video' else f'-{variant}'}{SUFFIXES.get(variant, '')}"
        return await self._connection.save(f"/videos/{quote(video)}/content", {"variant": variant}, into=into)

    async def content(self, video: VideoRecord | str, *, variant: Variant = "video") -> bytes:
        """The bytes of the video, its thumbnail or its spritesheet."""
        return await self._connection.read(f"/videos/{quote(video)}/content", {"variant": variant})

    @takes(Wishes, call="videos.edit")
    async def edit(self, video: VideoRecord | Source, prompt: str, **wishes: Unpack[Wishes]) -> AsyncVideo:
        """The same video with a change; `video` is one of the server's (text is an id) or a file: a Path, an open file, bytes."""
        return await self._follow_up("/videos/edits", video, build_body({"prompt": prompt}, wishes))

    @takes(Wishes, call="videos.extend")
    async def extend(
        self, video: VideoRecord | Source, prompt: str, *, seconds: int | str | None = None, **wishes: Unpack[Wishes]
    ) -> AsyncVideo:
        """The video with `seconds` more at its end; `video` as in `edit`."""
        fields = {"prompt": prompt, "seconds": None if seconds is None else str(seconds)}
        return await self._follow_up("/videos/extensions", video, build_body(fields, wishes))

    @takes(Wishes, call="videos.remix")
    async def remix(self, video: VideoRecord | str, prompt: str, **wishes: Unpack[Wishes]) -> AsyncVideo:
        """The cast and seed of a finished video in a new staging."""
        return self._read(await self._connection.post(f"/videos/{quote(video)}/remix", build_body({"prompt": prompt}, wishes)))

    async def cancel(self, video: VideoRecord | str) -> AsyncVideo:
        """Stop a video. Raises Conflict when it has ended."""
        return self._read(await self._connection.post(f"/videos/{quote(video)}/cancel", {}))

    async def delete(self, video: VideoRecord | str) -> Deleted:
        """Delete a video; a running one is cancelled first."""
        return read_deleted(await self._connection.delete(f"/videos/{quote(video)}"))

    async def settle(self, idempotency_key: str) -> Settled:
        """What became of the request that was sent with that Idempotency-Key and never answered. Where it has not come, it makes nothing
        any more: another one, with a new key, makes one video."""
        extras = self._connection.extras
        asking = self._connection.carry(replace(extras, headers={**extras.headers, "Idempotency-Key": idempotency_key}))
        return read_settled(await asking.post("/requests/settle", {}))

    async def _watch(self, video: VideoRecord | str, *, wait: float, until: float) -> AsyncVideo:
        return self._read(await self._connection.watch(f"/videos/{quote(video)}", wait=wait, until=until))

    async def _follow_up(self, path: str, video: VideoRecord | Source, body: dict[str, object]) -> AsyncVideo:
        if isinstance(video, VideoRecord | str):
            return self._read(await self._ask(path, {**body, "video": {"id": identify(video)}}, ()))
        return self._read(await self._ask(path, body, [("video", video)]))

    async def _ask(self, path: str, body: dict[str, object], files: Sequence[tuple[str, Source]]) -> Json:
        return await (self._connection.upload(path, Form(body, list(files))) if files else self._connection.post(path, body))

    def _read(self, json: Json) -> AsyncVideo:
        return AsyncVideo(**read_video(json), _videos=self)  # type: ignore[arg-type]  # read_video makes the record's fields
