"""What was derived for a character, in the form that it is saved and answered in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from castlist.media import sheet
from castlist.media.advice import Advice, as_rows
from castlist.media.clip import Clip
from castlist.media.encode import write_picture
from castlist.media.lab import Pixels
from castlist.media.measure import Subject
from castlist.media.probe import Facts


@dataclass(frozen=True)
class Range:
    """The part of the upload that was taken, in seconds; `chosen` when it was our choice."""

    start: float
    end: float
    chosen: bool


@dataclass(frozen=True)
class Views:
    """The stills, best first (BGR), and the cutouts of the same moments (BGRA), none when nothing could be separated."""

    stills: tuple[Pixels, ...]
    cutouts: tuple[Pixels, ...]


@dataclass(frozen=True)
class Derived:
    clip: Clip
    range: Range
    source: Facts
    subject: Subject | None
    fault: str | None
    stills: int
    advice: tuple[Advice, ...]
    kind: str

    def describe(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "clip": asdict(self.clip),
            "files": self.files(),
            "cutout": self.cutout(),
            "range": {"start": round(self.range.start, 3), "end": round(self.range.end, 3), "chosen": self.range.chosen},
            "source": asdict(self.source),
            "advice": as_rows(list(self.advice)),
        }

    def files(self) -> dict[str, object]:
        return {
            "clip": "clip.mp4",
            "stills": [f"still-{number}.png" for number in range(self.stills)],
            "cutout": "cutout.avi" if self.subject else None,
            "cutout_png": "cutout.png" if self.subject else None,
            "sheet": "sheet.png",
        }

    def cutout(self) -> dict[str, object]:
        """`box` is where the cutout's frames lie in the clip; the rest are medians over time, in pixels of the clip."""
        if self.subject is None:
            return {"separable": False, "fault": self.fault}
        subject = self.subject
        return {
            "separable": True,
            "box": list(subject.box),
            "height": subject.height,
            "width": subject.width,
            "height_fraction": round(subject.height / self.clip.height, 4),
            "width_fraction": round(subject.width / self.clip.width, 4),
            "area_fraction": round(subject.area_fraction, 4),
            "feet_y": subject.feet_y,
            "centre_x": subject.centre_x,
        }


def save_views(out: Path, views: Views) -> None:
    """still-0.png ... , cutout.png (the first still's moment) and sheet.png."""
    for number, still in enumerate(views.stills):
        write_picture(out / f"still-{number}.png", still)
    best: Sequence[Pixels] = views.cutouts[:1]
    for cutout in best:
        write_picture(out / "cutout.png", cutout)
    write_picture(out / "sheet.png", sheet.compose(views.stills, views.cutouts))
