"""What a render costs: its processor time beside libx264's on the very same frames, its wall time and its memory."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av

from castlist.media.animatic.brief import Member
from castlist.media.animatic.compose import build, frame_at
from castlist.media.animatic.encode import FPS
from castlist.media.animatic.scene import compose
from castlist.media.animatic.words import read
from castlist.media.child import RENDER, command, environment

SAMPLES = Path(__file__).resolve().parents[1] / "src" / "castlist" / "samples"
SECONDS = 8
SEED = 7
PEER = {"preset": "veryfast", "crf": "20", "threads": "1"}


@dataclass(frozen=True, slots=True)
class Take:
    """What is rendered: the prompt, and who is in it (names of samples)."""

    prompt: str
    names: tuple[str, ...]


ONE = Take("Luna walks through a forest at dusk with fireflies, tracking shot", ("Luna",))
TWO = Take("Luna and Mossy dance in a market at night, push in", ("Luna", "Mossy"))
TAKES = {"one": ONE, "two": TWO}


def figures(name: str) -> dict[str, float]:
    """Processor seconds of an 8 s 720p render and of libx264 alone, seconds on the wall, and the peak MiB of a render at 1080p."""
    take = TAKES[name]
    with tempfile.TemporaryDirectory() as scratch:
        cast = [_cut(Path(scratch), one) for one in take.names]
        _render(Path(scratch) / "first", take, cast, size=[320, 180], seconds=1)  # the first of all compiles Python, as an installer would
        cpu, wall, _ = _render(Path(scratch) / "720p", take, cast, size=[1280, 720], seconds=SECONDS)
        _, _, peak = _render(Path(scratch) / "1080p", take, cast, size=[1920, 1080], seconds=4)
        asked = json.dumps({"take": name, "cast": cast}).encode()
        beside = subprocess.run([sys.executable, "-m", "bench.render"], input=asked, stdout=subprocess.PIPE, check=True)
        peer = float(beside.stdout)
    return {"render cpu": round(cpu, 2), "libx264 cpu": round(peer, 2), "wall": round(wall, 2), "1080p MiB": round(peak, 1)}


def _cut(scratch: Path, name: str) -> dict[str, object]:
    """A sample's character as a render is given it."""
    folder = scratch / name
    folder.mkdir()
    _child("character", {"sources": [str(SAMPLES / f"{name.lower()}.mp4")], "kind": "video", "out": str(folder)})
    clip, cutout = folder / "clip.mp4", folder / "cutout.avi"
    return {"name": name, "clip": str(clip), "cutout": str(cutout), "cutout_facts": {"separable": True}}


def _render(out: Path, take: Take, cast: list[dict[str, object]], *, size: list[int], seconds: int) -> tuple[float, float, float]:
    """(processor seconds, seconds on the wall, peak MiB)."""
    out.mkdir()
    spec = {"task": "create", "prompt": take.prompt, "seconds": seconds, "size": size, "seed": SEED, "cast": cast, "out": str(out)}
    begun = time.perf_counter()
    used = _child("animatic", spec)
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun, used.ru_maxrss / 1024


def _child(task: str, spec: dict[str, object]) -> resource.struct_rusage:
    """What a media process used in all, started as the worker starts a render."""
    process = subprocess.Popen(command(task, RENDER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(environment()))
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(spec).encode() + b"\n")
    process.stdin.flush()
    last = [json.loads(line) for line in process.stdout][-1]
    process.stdin.close()
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if "result" not in last:
        raise SystemExit(f"{task} ended with {last}")
    return used


def encode(take: Take, cast: list[dict[str, object]]) -> float:
    """Processor seconds that libx264 needs, in one thread, for the frames of the 720p render; painting them is not counted."""
    used = 0.0
    members = [Member(str(one["name"]), Path(str(one["clip"])), Path(str(one["cutout"]))) for one in cast]
    scene = compose(read(take.prompt), size=(1280, 720), seed=SEED, frames=SECONDS * FPS, cast=take.names)
    studio = build(scene, members)
    with av.open("/dev/null", "w", format="mp4") as target:
        stream = target.add_stream("libx264", rate=FPS, options=PEER)
        stream.width, stream.height, stream.pix_fmt = *scene.size, "yuv420p"
        for number in range(scene.frames):
            frame = av.VideoFrame.from_ndarray(frame_at(studio, number).buffer, format="nv12").reformat(format="yuv420p")
            begun = time.process_time()
            target.mux(stream.encode(frame))
            used += time.process_time() - begun
        begun = time.process_time()
        target.mux(stream.encode(None))
        return used + time.process_time() - begun


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    sys.stdout.write(json.dumps(encode(TAKES[asked["take"]], asked["cast"])))
