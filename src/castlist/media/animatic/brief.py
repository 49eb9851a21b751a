"""What the child was asked to render, checked once and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from castlist.errors import MediaRefused

MAX_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Member:
    """One character: its clip, and its cutout when it could be separated from its background."""

    name: str
    clip: Path
    cutout: Path | None


@dataclass(frozen=True, slots=True)
class Brief:
    """The spec of the child protocol as values."""

    task: str
    prompt: str
    seconds: float
    size: tuple[int, int]
    seed: int
    cast: tuple[Member, ...]
    backdrop: Path | None
    source: Path | None
    scene: Mapping[str, object] | None
    out: Path
    audio: str | None = None


def parse(spec: Mapping[str, object]) -> Brief:
    """Read a spec. Raises MediaRefused for what cannot be rendered, and ValueError for a spec our own parent got wrong."""
    width, height = _size(spec.get("size"))
    scene = spec.get("scene")
    return Brief(
        task=str(spec["task"]),
        prompt=str(spec.get("prompt") or ""),
        seconds=_seconds(spec.get("seconds") or 0),
        size=(width, height),
        seed=_whole(spec.get("seed")),
        cast=tuple(_member(m) for m in _list(spec.get("cast"))),
        backdrop=_path(spec.get("backdrop")),
        source=_path(spec.get("source")),
        scene=scene if isinstance(scene, Mapping) else None,
        out=Path(str(spec["out"])),
        audio=_audio(spec.get("audio")),
    )


def _size(value: object) -> tuple[int, int]:
    sides = [s for s in _list(value) if isinstance(s, int)]
    if len(sides) != 2:
        raise ValueError(f"size must be [width, height], not {value!r}")
    width, height = sides
    if width % 2 or height % 2 or min(sides) < 64 or max(sides) > 1920 or width * height > 1920 * 1088:
        message = f"the embedded renderer makes even sizes from 64 to 1920 pixels a side up to 1920x1080, not {width}x{height}"
        raise MediaRefused(message, code="unsupported_size", param="size")
    return width, height


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"seconds must be a number, not {value!r}")
    if not 0 <= value <= MAX_SECONDS + 1:
        message = f"the embedded renderer makes at most {MAX_SECONDS} seconds, not {value}"
        raise MediaRefused(message, code="unsupported_seconds", param="seconds")
    return float(value)


def _audio(value: object) -> str | None:
    if value not in (None, "on", "off"):
        raise MediaRefused(f"audio is 'on' or 'off', and not {value!r}", code="invalid_value", param="animatic.audio")
    return None if value is None else str(value)


def _whole(value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number, not {value!r}")
    return value


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _path(value: object) -> Path | None:
    return Path(str(value)) if value else None


def _member(value: object) -> Member:
    if not isinstance(value, Mapping):
        raise ValueError(f"a cast member is an object, not {value!r}")
    facts = value.get("cutout_facts")
    separable = not isinstance(facts, Mapping) or facts.get("separable") is not False
    return Member(name=str(value["name"]), clip=Path(str(value["clip"])), cutout=_path(value.get("cutout")) if separable else None)
