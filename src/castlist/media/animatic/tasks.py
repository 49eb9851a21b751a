"""The four tasks of the renderer: create, edit, extend and remix."""

from collections.abc import Callable, Mapping

import cv2

from castlist.errors import MediaRefused
from castlist.media.animatic import scene as scenes
from castlist.media.animatic.brief import Brief, parse
from castlist.media.animatic.compose import build, frame_at
from castlist.media.animatic.encode import FPS, film
from castlist.media.animatic.scene import Scene
from castlist.media.animatic.words import read

FILE = "video.mp4"
Report = Callable[[float], None]


def render(spec: Mapping[str, object], report: Report) -> dict[str, object]:
    """Render what a spec asks into its folder and say what was made.

    Raises MediaRefused for what cannot be rendered.
    """
    cv2.setNumThreads(1)
    brief = parse(spec)
    task = _TASKS.get(brief.task)
    if task is None:
        raise MediaRefused(f"unknown task {brief.task!r}: use create, edit, extend or remix", code="invalid_task", param="task")
    return task(brief, report)


def create(brief: Brief, report: Report) -> dict[str, object]:
    """A new scene from the prompt."""
    frames = brief.seconds * FPS
    names = tuple(member.name for member in brief.cast)
    scene = scenes.compose(read(brief.prompt), size=brief.size, seed=brief.seed, frames=frames, cast=names)
    studio = build(scene, brief.cast)
    with film(brief.out / FILE, scene.size) as writer:
        for number in range(frames):
            writer.write(frame_at(studio, number).buffer, number)
            report((number + 1) / frames)
    return describe(scene, frames)


def describe(scene: Scene, frames: int) -> dict[str, object]:
    """The result as the protocol has it."""
    width, height = scene.size
    return {
        "file": FILE,
        "seconds": frames / FPS,
        "width": width,
        "height": height,
        "fps": FPS,
        "frames": frames,
        "scene": scenes.to_json(scene),
        "warnings": [],
    }


_TASKS: Mapping[str, Callable[[Brief, Report], dict[str, object]]] = {"create": create, "remix": create}
