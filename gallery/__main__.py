"""scripts/gallery [SHEET...]: makes docs/gallery/*.png, docs/preview.webp and docs/gallery.md."""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from castlist import Character, Client, Video, samples
from gallery import pictures
from gallery.shots import PREVIEW, SHEETS, Sheet, Take

DOCS = Path(__file__).resolve().parents[1] / "docs"
SECONDS = 2
SEED = 7
INTRODUCTION = """# Gallery

What the embedded renderer makes of words, without a GPU, a network or an account. Every picture here is a frame of a video that an ordinary
client asked for; the words below it are those that matter in its prompt. `scripts/gallery` makes them all anew.
"""


class Studio:
    """A client with the two sample characters, which makes a take once."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.made: dict[tuple[str, str, str | None], Video] = {}
        self.cast: Mapping[str, Character] = {
            name: client.characters.create(name, samples.path(f"{name.lower()}.mp4")) for name in ("Luna", "Mossy")
        }

    def video(self, take: Take, *, edits: str | None = None) -> Video:
        """The finished video of a take, edited when it says so."""
        key = (take.prompt, take.size, edits)
        if key not in self.made:
            self.made[key] = self._edit(take, edits) if edits else self._create(take)
        return self.made[key]

    def film(self, take: Take) -> Path:
        """The downloaded take."""
        video = self.video(take, edits=take.edits)
        path = self.folder / f"{video.id}.mp4"
        if not path.exists():
            video.download(path)
        return path

    def _create(self, take: Take) -> Video:
        cast = [self.cast[name] for name in take.cast]
        return self.client.videos.create(take.prompt, characters=cast, seconds=SECONDS, size=take.size, seed=SEED).wait()

    def _edit(self, take: Take, words: str) -> Video:
        return self.video(take).edit(words).wait()


def draw(studio: Studio, sheet: Sheet) -> Path:
    """One sheet as a PNG."""
    tiles = []
    for take in sheet.takes:
        frames = pictures.frames(studio.film(take))
        tiles += [pictures.Tile(take.label, frames[round(moment * (len(frames) - 1))]) for moment in take.moments]
        sys.stderr.write(f"{sheet.name}: {take.label}\n")
    path = DOCS / "gallery" / f"{sheet.name}.png"
    pictures.write(path, pictures.grid(tiles, columns=sheet.columns))
    return path


def describe() -> str:
    """docs/gallery.md."""
    parts = [INTRODUCTION, "![Four scenes with Luna](preview.webp)\n"]
    parts += [f"## {sheet.title}\n\n![{sheet.title}](gallery/{sheet.name}.png)\n" for sheet in SHEETS]
    return "\n".join(parts)


def main() -> None:
    names = [sheet.name for sheet in SHEETS] + ["preview"]
    parser = argparse.ArgumentParser(prog="scripts/gallery", description="Make the pictures of docs/gallery.md.")
    parser.add_argument("sheet", nargs="*", metavar="SHEET", help=f"only these: {', '.join(names)}")
    chosen = parser.parse_args().sheet or names
    if unknown := [name for name in chosen if name not in names]:
        parser.error(f"no sheet {unknown[0]!r}: there are {', '.join(names)}")
    (DOCS / "gallery").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Client(data=Path(folder) / "data") as client:
        studio = Studio(client, Path(folder))
        for sheet in SHEETS:
            if sheet.name in chosen:
                draw(studio, sheet)
        if "preview" in chosen:
            pictures.animate(DOCS / "preview.webp", [studio.film(take) for take in PREVIEW])
    (DOCS / "gallery.md").write_text(describe())


if __name__ == "__main__":
    main()
