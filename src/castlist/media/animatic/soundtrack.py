"""What a film is heard with: the ambience of its scene, the sound its source has, or one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from castlist.media.animatic.ambience import Ambience
from castlist.media.animatic.ambience_places import compose, compose_added, differ, surrounding
from castlist.media.animatic.brief import Brief
from castlist.media.animatic.decode import Source, Tape, has_sound
from castlist.media.animatic.encode import PER_FRAME, RATE, Ear, Sound, Tracks, encoded, silence
from castlist.media.animatic.join import copied, copies, seam
from castlist.media.animatic.scene import Scene

_BLEND = 2_048
_ECHO = round(0.35 * RATE)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is heard in a film: our ambience from the frame `since` on, or nowhere; `recorded` sound from elsewhere; `muted` by wish."""

    since: int | None = None
    recorded: bool = False
    muted: bool = False

    @property
    def composed(self) -> bool:
        """Whether all of it is ours, and can be made anew."""
        return self.since == 0 and not self.recorded


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """How a film gets its sound, and what is heard in it then."""

    tracks: Tracks
    heard: Heard


def to_json(heard: Heard) -> dict[str, object]:
    return {"since": heard.since, "recorded": heard.recorded, "muted": heard.muted}


def of_json(value: object) -> Heard:
    """What to_json wrote; silence for a film that was made before there was sound."""
    if not isinstance(value, Mapping):
        return Heard()
    since = value.get("since")
    return Heard(since if isinstance(since, int) else None, value.get("recorded") is True, value.get("muted") is True)


def heard_in(brief: Brief, source: Source, *, own: bool) -> Heard:
    """What is heard in a source: as its scene says when it is ours, else whatever it came with."""
    if own and brief.scene:
        return of_json(brief.scene.get("sound"))
    return Heard(recorded=has_sound(source))


def shoot(scene: Scene, *, muted: bool) -> Soundtrack:
    """The sound of a new take."""
    if muted:
        return Soundtrack(encoded(silence), Heard(muted=True))
    return Soundtrack(encoded(compose(surrounding(scene))), Heard(0))


def edit(source: Source, before: Scene, after: Scene, heard: Heard, audio: str | None) -> Soundtrack:
    """The sound of an edited film: the source's, unless the edit changes what would be heard.

    Our own ambience follows the new hour and weather; under a recording, or what was silent in part, only what the weather brings is laid.
    """
    here, was = surrounding(after), surrounding(before)
    muted = heard.muted if audio is None else audio == "off"
    if muted:
        ours = heard.composed
        return Soundtrack(encoded(silence) if ours else kept(source), Heard(None if ours else heard.since, heard.recorded, muted=True))
    if heard.muted and heard.since is None:
        return Soundtrack(encoded(_both(Tape(source), compose(here))), Heard(0, heard.recorded))
    if heard.composed:
        return Soundtrack(encoded(compose(here)) if differ(here, was) else kept(source), heard)
    added = compose_added(here, was)
    return Soundtrack(encoded(_both(Tape(source), added)) if added.voices else kept(source), heard)


def extend(source: Source, scene: Scene, heard: Heard, *, frames: int, audio: str | None) -> Soundtrack:
    """The sound of a continuation alone, from the seam with its source on."""
    muted = heard.muted if audio is None else audio == "off"
    since = None if muted else source.frames if heard.since is None else heard.since
    ambience = None if since is None else compose(surrounding(scene), since=since * PER_FRAME)
    start = seam(source).start
    ear = ambience if ambience and heard.composed else _continue(source, start, ambience)
    return Soundtrack(
        encoded(ear, first=start, last=(source.frames + frames) * PER_FRAME),
        Heard(since, heard.recorded or (muted and heard.since is not None), muted),
    )


def kept(source: Source) -> Tracks:
    """The source's own sound: its packets where they are like ours, else encoded anew."""
    return copied(source) if copies(source) else encoded(Tape(source))


def _both(tape: Tape, ambience: Ambience) -> Ear:
    return lambda first, count: np.clip(tape(first, count) + ambience(first, count), -1, 1)


def _continue(source: Source, start: int, ambience: Ambience | None) -> Ear:
    """The source's sound and, from the sample `end` on, the ambience. One that was there before is blended into, as what was decoded
    is not to a sample what it was; before a new one the source runs out in an echo of its last moment, so that nothing clicks."""
    end = source.frames * PER_FRAME
    reach = min(end, max(_ECHO, end - start))
    last = Tape(source)(end - reach, reach)
    going = ambience is not None and ambience.since < end - _BLEND

    def hear(first: int, count: int) -> Sound:
        heard = np.zeros((2, count), np.float32)
        numbers = np.arange(first, first + count)
        before = numbers < end
        heard[:, before] = last[:, numbers[before] - (end - reach)]
        if not going:
            since = numbers[~before] - end
            fall = np.clip(1 - since / _ECHO, 0, 1) ** 2
            heard[:, ~before] = last[:, np.maximum(reach - 1 - since, 0)] * fall
        if ambience is None or first + count <= end - _BLEND:
            return heard
        rise = np.clip((numbers - (end - _BLEND)) / _BLEND, 0, 1) if going else np.ones(count)
        share = rise.astype(np.float32)
        return np.asarray((heard * (1 - share) if going else heard) + ambience(first, count) * share, np.float32)

    return hear
