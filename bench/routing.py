"""Two deployments of one model at two vendors that do not know each other's videos: how many calls go to the wrong one."""

from pathlib import Path

from bench import servers
from bench.scale import CLIP
from bench.servers import KEY, Server

VIDEOS = 36
VIDEO = {"prompt": "Luna walks through a forest", "model": "pair", "seconds": "4", "size": "1280x720"}
STEPS = (("GET", ""), ("GET", "/content"), ("DELETE", ""))


def figures(folder: Path) -> dict[str, float]:
    """Calls about videos of the other vendor, of all that came about videos: status, download and deletion of as many videos."""
    found: dict[str, float] = {}
    with servers.vendor(CLIP, "--name", "a") as one, servers.vendor(CLIP, "--name", "b") as two:
        upstreams = (one.url, two.url)
        with servers.castlist(folder / "castlist", pair=upstreams) as server:
            found |= _follow("castlist", server, (one, two), until_done=True)
        with servers.litellm(folder / "litellm", upstream=one.url, pair=upstreams) as server:
            found |= _follow("litellm", server, (one, two), until_done=False)
    return found


def _follow(name: str, server: Server, vendors: tuple[Server, Server], *, until_done: bool) -> dict[str, float]:
    before, wrong = _calls(vendors), _wrong(vendors)
    ids = [str(server.ask("/v1/videos", method="POST", body=VIDEO, key=KEY)[1]["id"]) for _ in range(VIDEOS)]
    for id in ids:
        path = f"/v1/videos/{id}"
        while until_done and server.ask(f"{path}?wait=20")[1]["status"] not in {"completed", "failed"}:
            pass
        for method, more in STEPS:
            server.ask(path + more, method=method)
    return {f"{name} misrouted": _wrong(vendors) - wrong, f"{name} calls": _calls(vendors) - before}


def _calls(vendors: tuple[Server, Server]) -> int:
    return sum(int(str(value)) for vendor in vendors for name, value in vendor.ask("/counts")[1].items() if name != "misrouted")


def _wrong(vendors: tuple[Server, Server]) -> int:
    return sum(int(str(vendor.ask("/counts")[1].get("misrouted", 0))) for vendor in vendors)
