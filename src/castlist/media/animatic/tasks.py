"""The four tasks of the renderer: create, edit, extend and remix."""

import ctypes
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2

from castlist.errors import MediaRefused
from castlist.media.animatic import aura as auras
from castlist.media.animatic import backdrop as backdrops
from castlist.media.animatic import grade as grading
from castlist.media.animatic import living, soundtrack
from castlist.media.animatic import residue as residues
from castlist.media.animatic import scene as scenes
from castlist.media.animatic.brief import MAX_SECONDS, Brief, parse
from castlist.media.animatic.camera import look
from castlist.media.animatic.compose import Studio, build, build_on, frame_at, frames_from, world_of
from castlist.media.animatic.decode import Source, Tape, first_frame, frames_of, last_frame, open_source
from castlist.media.animatic.encode import FPS, encoded, film
from castlist.media.animatic.geometry import measure
from castlist.media.animatic.join import ours, stitch
from castlist.media.animatic.places.world import Painted
from castlist.media.animatic.scene import Scene
from castlist.media.animatic.words import Extra, Move, Reading, read
from castlist.media.encode import KEEPING

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
    """A new scene from the prompt, before the reference picture when there is one."""
    return _shoot(brief, report, seed=brief.seed)


def remix(brief: Brief, report: Report) -> dict[str, object]:
    """The same cast and seed in the scene of another prompt."""
    old = scenes.of_json(brief.scene)
    heard = soundtrack.of_json((brief.scene or {}).get("sound"))
    return _shoot(brief, report, seed=old.seed if old else brief.seed, muted=heard.muted)


def edit(brief: Brief, report: Report) -> dict[str, object]:
    """The source with other light, colour or weather; composition and timing stay."""
    source = _source(brief)
    old = scenes.of_json(brief.scene)
    names = grading.grades_of(brief.prompt)
    scene = replace(_follow(old, source) or _foreign(brief, source), seed=old.seed if old else brief.seed)
    geometry = measure(*source.size)
    light = grading.light_for(names, scene.hour)
    world = replace(world_of(scene, geometry, light), weather=grading.weather_of(names), extras=grading.extras_of(names))
    life, look_up = living.populate(world, Painted((), ())), grading.tables(names)
    graded = replace(scene, grades=(*scene.grades, *names))
    own = _follow(old, source) is not None
    halo = auras.of_edit(names, scene, source, brief.cast if own else ())
    hides = auras.outlines_in(scene, brief.cast) if own and brief.cast and life.far and len(brief.cast) == len(scene.cast) else None
    heard = soundtrack.heard_in(brief, source, own=own)
    sound = soundtrack.edit(source, scene, graded, heard, brief.audio)
    with film(brief.out / FILE, source.size, sound.tracks, tags=source.tags) as writer:
        for number, frame in enumerate(frames_of(source)):
            if look_up:
                grading.apply(frame, look_up)
            if halo:
                auras.glow(frame, halo, number)
            view = look(scene.shots, number, seed=scene.seed)
            living.drift(frame, life, geometry=geometry, view=view, t=number / FPS, cast=hides(number) if hides else None)
            living.fall(frame, life, geometry=geometry, view=view, t=number / FPS)
            writer.write(frame.buffer, number)
            report((number + 1) / source.frames)
    return describe(graded, sound.heard, size=source.size, warnings=[*_unsure(names, life), *auras.warnings_of(halo)])


def extend(brief: Brief, report: Report) -> dict[str, object]:
    """The source and, after its last frame, as many seconds more: one whole film."""
    source = _source(brief)
    frames = round(brief.seconds * FPS)
    _refuse_length(source.frames, frames)
    old = _follow(scenes.of_json(brief.scene), source)
    scene = (old or _foreign(brief, source)).then(read(brief.prompt), frames)
    heard = soundtrack.heard_in(brief, source, own=old is not None)
    head = source if ours(source, brief.out) else _adopt(source, brief.out, lambda done: report(done * source.frames / scene.frames))
    before = 0 if head is source else source.frames
    studio = _settled(_continued(brief, scene, source=head, own=old is not None))
    sound = soundtrack.extend(head, scene, heard, frames=frames, audio=brief.audio)
    part = brief.out / "part.mp4"
    residue = _residue(studio, head)
    with film(part, source.size, sound.tracks, tags=source.tags, quality=residues.SEAMLESS) as writer:
        for number, frame in enumerate(frames_from(studio, source.frames, frames)):
            if residue:
                residues.carry(frame, residue, number)
            writer.write(frame.buffer, number)
            report(0.97 * (before + number + 1) / (before + frames))
    stitch(head, part, brief.out / FILE)
    part.unlink()
    if head is not source:
        head.path.unlink()
    report(1.0)
    return describe(scene, sound.heard, size=source.size)


def describe(
    scene: Scene, heard: soundtrack.Heard, *, size: tuple[int, int] | None = None, warnings: Sequence[object] = ()
) -> dict[str, object]:
    """The result as the protocol has it."""
    width, height = size or scene.size
    return {
        "file": FILE,
        "seconds": scene.frames / FPS,
        "width": width,
        "height": height,
        "fps": FPS,
        "frames": scene.frames,
        "scene": scenes.to_json(scene) | {"sound": soundtrack.to_json(heard)},
        "warnings": list(warnings),
    }


def _shoot(brief: Brief, report: Report, *, seed: int, muted: bool = False) -> dict[str, object]:
    frames = round(brief.seconds * FPS)
    if frames < 1:
        raise MediaRefused("a video needs at least 1 second", code="unsupported_seconds", param="seconds")
    names = tuple(member.name for member in brief.cast)
    hung = brief.backdrop is not None
    scene = scenes.compose(read(brief.prompt), size=brief.size, seed=seed, frames=frames, cast=names, backdrop=hung)
    hung_up = backdrops.load(brief.backdrop, brief.size) if brief.backdrop else None
    studio = _settled(build_on(scene, brief.cast, hung_up) if hung_up else build(scene, brief.cast))
    sound = soundtrack.shoot(scene, muted=brief.audio == "off" if brief.audio else muted)
    with film(brief.out / FILE, scene.size, sound.tracks) as writer:
        for number, frame in enumerate(frames_from(studio, 0, frames)):
            writer.write(frame.buffer, number)
            report((number + 1) / frames)
    return describe(scene, sound.heard)


def _settled(studio: Studio) -> Studio:
    """The same, after what painting used for a while has gone back to the system: the encoder takes its memory elsewhere."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
    return studio


def _source(brief: Brief) -> Source:
    if brief.source is None:
        raise MediaRefused(f"{brief.task} needs a source video", code="missing_source", param="video")
    return open_source(brief.source)


def _refuse_length(before: int, frames: int) -> None:
    if before + frames > MAX_SECONDS * FPS:
        room = max(0, MAX_SECONDS - before / FPS)
        message = f"the embedded renderer makes films of up to {MAX_SECONDS} seconds in all: {before / FPS:g} are there, so {room:g} more"
        raise MediaRefused(message, code="unsupported_seconds", param="seconds")


def _follow(scene: Scene | None, source: Source) -> Scene | None:
    """The scene, if it is the one that the source shows."""
    return scene if scene and (scene.size, scene.frames) == (source.size, source.frames) else None


def _foreign(brief: Brief, source: Source) -> Scene:
    """A scene for a film made elsewhere: its own pictures are the place."""
    still = Reading(None, None, None, (Move.static,), (), frozenset())
    reading = read(brief.prompt)
    blank = Reading(reading.place, reading.hour, None, still.moves, (), frozenset())
    return scenes.compose(blank, size=source.size, seed=brief.seed, frames=source.frames, cast=(), backdrop=True)


def _continued(brief: Brief, scene: Scene, *, source: Source, own: bool) -> Studio:
    """The studio for what comes after the source: the same scene, or its last picture when that is all there is."""
    if own and not scene.backdrop:
        return build(scene, brief.cast)
    if own and scene.cast and not scene.grades:
        return build_on(scene, brief.cast, backdrops.of_frame(first_frame(source)))
    plain = replace(scene, grades=())
    return build_on(plain, (), backdrops.of_frame(last_frame(source)), since=source.frames)


def _residue(studio: Studio, source: Source) -> residues.Residue | None:
    """What the source's coding left; None where its last frame itself is what goes on."""
    if studio.backdrop and studio.backdrop.since > 0:
        return None
    return residues.left(last_frame(source), frame_at(studio, source.frames - 1))


def _adopt(source: Source, folder: Path, report: Report) -> Source:
    """A source from elsewhere in our settings: encoded once, well, so that this extension and all later ones copy it."""
    head = folder / "head.mp4"
    with film(head, source.size, encoded(Tape(source)), tags=source.tags, quality=KEEPING) as writer:
        for number, frame in enumerate(frames_of(source)):
            writer.write(frame.buffer, number)
            report(0.97 * (number + 1) / source.frames)
    return replace(source, path=head)


def _unsure(names: Sequence[str], life: living.Life) -> list[object]:
    """Stars are let in where there is sky for certain; a prompt that asks for nothing else is told where not."""
    if tuple(names) != ("polish",) and (tuple(names) != (Extra.stars.value,) or life.before):
        return []
    message = "the prompt names no light, colour or weather that the embedded renderer can change; it was graded gently"
    if Extra.stars.value in names:
        message = "the embedded renderer adds stars over open land and sea, not over this picture; nothing was changed"
    return [{"code": "edit_not_understood", "message": message, "param": "prompt"}]


_TASKS: Mapping[str, Callable[[Brief, Report], dict[str, object]]] = {"create": create, "edit": edit, "extend": extend, "remix": remix}
