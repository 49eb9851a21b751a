"""A vendor to forward to: OpenAI-shaped, counts its calls, and ends a video after so many polls, or never; named, it knows its own."""

import argparse
import sys
from collections import Counter
from pathlib import Path

import uvloop
from aiohttp import web

POLLS = 5
ANY = "video"
CHUNK = 256 * 1024
PACE = 1000


class Vendor:
    """Videos by number of polls so far. `file` is what every download gives; `endless` ones are to be asked for every PACE milliseconds.
    Calls about videos whose id has not its `name` are counted as misrouted."""

    def __init__(self, file: Path, *, endless: bool, polls: int = POLLS, name: str = ANY) -> None:
        self.file = file
        self.enough, self.name = polls, name
        self.endless = endless
        self.polls: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def video(self, id: str) -> dict[str, object]:
        done = self.polls[id] >= self.enough and not self.endless
        return {
            "id": id, "object": "video", "model": "sora-2", "status": "completed" if done else "in_progress",
            "progress": 100 if done else min(99, 20 * self.polls[id]), "created_at": 1795300000, "seconds": "4", "size": "1280x720",
            "completed_at": 1795300009 if done else None, "prompt": "a fox", "error": None, "expires_at": None,
            "remixed_from_video_id": None,
        }  # fmt: skip

    async def create(self, request: web.Request) -> web.Response:
        self.calls["create"] += 1
        async for _ in request.content.iter_chunked(CHUNK):
            pass
        return web.json_response(self.video(f"{self.name}_{self.calls['create']:08d}"))

    async def retrieve(self, request: web.Request) -> web.Response:
        self.calls["retrieve"] += 1
        id = request.match_info["id"]
        if answer := self.check(id):
            return answer
        self.polls[id] += 1
        return web.json_response(self.video(id), headers={"openai-poll-after-ms": str(PACE)} if self.endless else {})

    def check(self, id: str) -> web.Response | None:
        """404 for a video of somebody else."""
        if id.startswith(f"{self.name}_"):
            return None
        self.calls["misrouted"] += 1
        return web.json_response({"error": {"message": "Video not found.", "code": "not_found"}}, status=404)

    async def delete(self, request: web.Request) -> web.Response:
        self.calls["delete"] += 1
        id = request.match_info["id"]
        return self.check(id) or web.json_response({"id": id, "object": "video.deleted", "deleted": True})

    async def content(self, request: web.Request) -> web.StreamResponse:
        self.calls["content"] += 1
        if answer := self.check(request.match_info["id"]):
            return answer
        return web.FileResponse(self.file, chunk_size=CHUNK, headers={"Content-Type": "video/mp4"})

    async def character(self, request: web.Request) -> web.Response:
        self.calls["character"] += 1
        async for _ in request.content.iter_chunked(CHUNK):
            pass
        return web.json_response({"id": "char_1", "object": "character", "name": "Luna", "created_at": 1795300000})

    async def counts(self, request: web.Request) -> web.Response:
        return web.json_response(dict(self.calls))

    async def followed(self, request: web.Request) -> web.Response:
        return web.json_response({"videos": len(self.polls)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--endless", action="store_true", help="no video is ever done")
    parser.add_argument("--polls", type=int, default=POLLS, help="after which a video is done")
    parser.add_argument("--name", default=ANY, help="what its videos' ids begin with")
    asked = parser.parse_args(sys.argv[1:])
    vendor = Vendor(asked.file, endless=asked.endless, polls=asked.polls, name=asked.name)
    app = web.Application(client_max_size=1 << 30)
    app.router.add_post("/v1/videos", vendor.create)
    app.router.add_post("/v1/videos/characters", vendor.character)
    app.router.add_get("/v1/videos/{id}", vendor.retrieve)
    app.router.add_delete("/v1/videos/{id}", vendor.delete)
    app.router.add_get("/v1/videos/{id}/content", vendor.content)
    app.router.add_get("/counts", vendor.counts)
    app.router.add_get("/followed", vendor.followed)
    web.run_app(app, host="127.0.0.1", port=asked.port, print=None, access_log=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main()
