"""A scene: everything that edit, extend and remix need to go on where it stopped."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from castlist.media.animatic.words import Action, Extra, Hour, Move, Place, Reading, Weather

VERSION = 1


@dataclass(frozen=True, slots=True)
class Shot:
    """A stretch of frames with its camera and its actions."""

    start: int
    frames: int
    move: Move
    actions: tuple[Action, ...]


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

    @property
    def frames(self) -> int:
        return sum(shot.frames for shot in self.shots)

    def then(self, reading: Reading, frames: int) -> "Scene":
        """The scene with one more shot at its end."""
        shot = Shot(self.frames, frames, _move(reading), _actions(reading))
        return replace(self, shots=(*self.shots, shot))


def compose(reading: Reading, *, size: tuple[int, int], seed: int, frames: int, cast: tuple[str, ...], backdrop: bool = False) -> Scene:
    """A new scene from a reading; what the prompt leaves open gets a calm default."""
    place = reading.place or Place.stage
    scene = Scene(
        size=size,
        seed=seed,
        place=place,
        hour=reading.hour or _usual_hour(place, reading),
        weather=reading.weather or Weather.clear,
        extras=reading.extras,
        cast=cast,
        shots=(),
        backdrop=backdrop,
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
        shots=tuple(_shot(shot) for shot in _items(value["shots"])),
        grades=tuple(str(grade) for grade in _items(value["grades"])),
        backdrop=value["backdrop"] is True,
    )


def _shot_json(shot: Shot) -> dict[str, object]:
    return {"start": shot.start, "frames": shot.frames, "move": shot.move.value, "actions": [a.value for a in shot.actions]}


def _shot(value: object) -> Shot:
    if not isinstance(value, Mapping):
        raise ValueError(f"a shot is an object, not {value!r}")
    actions = tuple(Action(str(a)) for a in _items(value["actions"]))
    return Shot(_int(value["start"]), _int(value["frames"]), Move(str(value["move"])), actions)


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"expected a whole number, not {value!r}")
    return value


def _move(reading: Reading) -> Move:
    return reading.moves[0] if reading.moves else Move.drift


def _actions(reading: Reading) -> tuple[Action, ...]:
    return reading.actions[:4] or (Action.idle,)


def _usual_hour(place: Place, reading: Reading) -> Hour:
    if Extra.fireflies in reading.extras or Extra.stars in reading.extras:
        return Hour.night
    if Extra.lanterns in reading.extras or place is Place.market:
        return Hour.dusk
    return Hour.night if place is Place.space else Hour.day
