"""A scene: everything that edit, extend and remix need to go on where it stopped."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from castlist.media.animatic.moods import GRADED, Mood, moods_in
from castlist.media.animatic.parts import Part, share
from castlist.media.animatic.words import Action, Extra, Heading, Hour, Move, Place, Reading, Weather

VERSION = 1


@dataclass(frozen=True, slots=True)
class Shot:
    """A stretch of frames with its camera (two moves at once at most) and a part for each of the cast."""

    start: int
    frames: int
    move: Move
    parts: tuple[Part, ...] = ()
    also: Move | None = None

    def part(self, number: int) -> Part:
        """What a character does; one that has no part of its own stands."""
        return self.parts[number] if number < len(self.parts) else Part()

    @property
    def actions(self) -> frozenset[Action]:
        """All that anyone does."""
        return frozenset(action for part in self.parts for action in part.actions)


@dataclass(frozen=True, slots=True)
class Scene:
    """The world, who is in it and what has been shot so far."""

    size: tuple[int, int]
    seed: int
    place: Place
    hour: Hour
    weather: Weather
    extras: frozenset[Extra]
    cast: tuple[str, ...]
    shots: tuple[Shot, ...]
    grades: tuple[str, ...] = ()
    backdrop: bool = False
    moods: tuple[Mood, ...] = ()

    @property
    def frames(self) -> int:
        return sum(shot.frames for shot in self.shots)

    def then(self, reading: Reading, frames: int) -> "Scene":
        """The scene with one more shot at its end."""
        parts = share(reading.text, self.cast)
        shot = Shot(self.frames, frames, *_moves(reading, parts, still=self.backdrop))
        return replace(self, shots=(*self.shots, shot))


def compose(reading: Reading, *, size: tuple[int, int], seed: int, frames: int, cast: tuple[str, ...], backdrop: bool = False) -> Scene:
    """A new scene from a reading; what the prompt leaves open gets a calm default."""
    place = reading.place or Place.stage
    moods = moods_in(reading.text)
    scene = Scene(
        size=size,
        seed=seed,
        place=place,
        hour=reading.hour or _usual_hour(place, reading),
        weather=reading.weather or Weather.clear,
        extras=reading.extras,
        cast=cast,
        shots=(),
        grades=tuple(mood.value for mood in moods if mood in GRADED),
        backdrop=backdrop,
        moods=moods,
    )
    return scene.then(reading, frames)


def to_json(scene: Scene) -> dict[str, object]:
    return {
        "version": VERSION,
        "size": list(scene.size),
        "seed": scene.seed,
        "place": scene.place.value,
        "hour": scene.hour.value,
        "weather": scene.weather.value,
        "extras": sorted(extra.value for extra in scene.extras),
        "cast": list(scene.cast),
        "shots": [_shot_json(shot) for shot in scene.shots],
        "grades": list(scene.grades),
        "backdrop": scene.backdrop,
        "moods": [mood.value for mood in scene.moods],
    }


def of_json(value: Mapping[str, object] | None) -> Scene | None:
    """A scene from what to_json made; None when there is none or another version wrote it."""
    if value is None or value.get("version") != VERSION:
        return None
    width, height = (_int(side) for side in _items(value["size"]))
    return Scene(
        size=(width, height),
        seed=_int(value["seed"]),
        place=Place(str(value["place"])),
        hour=Hour(str(value["hour"])),
        weather=Weather(str(value["weather"])),
        extras=frozenset(Extra(str(extra)) for extra in _items(value["extras"])),
        cast=tuple(str(name) for name in _items(value["cast"])),
        shots=tuple(_shot(shot, len(_items(value["cast"]))) for shot in _items(value["shots"])),
        grades=tuple(str(grade) for grade in _items(value["grades"])),
        backdrop=value["backdrop"] is True,
        moods=tuple(Mood(str(mood)) for mood in _items(value.get("moods"))),
    )


def _shot_json(shot: Shot) -> dict[str, object]:
    parts = [{"actions": [a.value for a in part.actions], "heading": part.heading.value} for part in shot.parts]
    written: dict[str, object] = {"start": shot.start, "frames": shot.frames, "move": shot.move.value, "parts": parts}
    return {**written, "also": shot.also.value} if shot.also else written


def _shot(value: object, count: int) -> Shot:
    if not isinstance(value, Mapping):
        raise ValueError(f"a shot is an object, not {value!r}")
    shared = (_part(value),) * count if "actions" in value else ()  # takes of before characters had parts: all did the same
    parts = shared or tuple(_part(part) for part in _items(value["parts"]))
    return Shot(
        _int(value["start"]), _int(value["frames"]), Move(str(value["move"])), parts, Move(str(value["also"])) if "also" in value else None
    )


def _part(value: object) -> Part:
    if not isinstance(value, Mapping):
        raise ValueError(f"a part is an object, not {value!r}")
    return Part(tuple(Action(str(a)) for a in _items(value["actions"])), Heading(str(value.get("heading", Heading.free))))


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"expected a whole number, not {value!r}")
    return value


def _moves(reading: Reading, parts: tuple[Part, ...], *, still: bool) -> tuple[Move, tuple[Part, ...], Move | None]:
    """The camera that was asked for, else a slow drift; it goes along with a cast that is all under way, if not before a picture."""
    moves = list(reading.moves)
    if Move.static in moves:
        return Move.static, parts, None
    if not moves:
        follows = not still and parts and all(_travels(part) for part in parts)
        moves = [Move.track if follows else Move.drift]
    leftwards = any(part.heading in (Heading.left, Heading.from_right) for part in parts)
    moves = [Move.track_left if move is Move.track and leftwards else move for move in moves]
    others = [move for move in moves[1:] if _kind(move) != _kind(moves[0])]
    return moves[0], parts, others[0] if others else None


def _kind(move: Move) -> str:
    """What cannot be done twice at once: left and right, up and down, in and out are one kind each."""
    return "push" if move is Move.pull else move.value.partition("_")[0]


def _travels(part: Part) -> bool:
    return part.actions[0] in (Action.walk, Action.run) and part.heading in (Heading.free, Heading.left, Heading.right)


def _usual_hour(place: Place, reading: Reading) -> Hour:
    if Extra.fireflies in reading.extras or Extra.stars in reading.extras:
        return Hour.night
    if Extra.lanterns in reading.extras or place is Place.market:
        return Hour.dusk
    return Hour.night if place is Place.space else Hour.day
