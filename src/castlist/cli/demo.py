"""`castlist demo`: the main job in one go."""

import asyncio
import re
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from castlist.cli.following import follow
from castlist.cli.printing import print_json, print_line, print_notice, print_table, show_safely
from castlist.cli.running import Json, run
from castlist.errors import NotFound
from castlist.media import child
from castlist.samples import path as sample_path
from castlist.sdk._sync.characters import Character, CharacterVariant
from castlist.sdk._sync.client import Client
from castlist.sdk._sync.videos import Video
from castlist.sdk.records import CharacterRecord

app = typer.Typer(rich_markup_mode=None, add_completion=False)

SIZE = "1280x720"
SECONDS = 4
SEED = 7
NAME = "Luna"
OUT = Path("castlist-demo")

FOREST = "{name} dances through a lantern-lit forest at dusk, looking around curiously."
BEACH = "{name} walks along a sunny beach in the morning and waves."
GOODBYE = "{name} waves goodbye under the first stars."
GOLDEN = "Warm golden light and drifting petals around {name}."


@dataclass(frozen=True)
class Take:
    """One video of the demo: its file's name, its title, and the video once it is made."""

    file: str
    title: str
    video: Video


@app.command(epilog="Example: castlist demo my-mascot.mp4 --name Mossy --out takes")
def demo(
    clip: Annotated[
        Path | None,
        typer.Argument(metavar="[CLIP]", exists=True, dir_okay=False, readable=True, help="A short clip of a character; Luna without it."),
    ] = None,
    *,
    name: Annotated[str, typer.Option(help="What the character is called.")] = NAME,
    out: Annotated[Path, typer.Option(file_okay=False, help="The folder for the takes and the contact sheet.")] = OUT,
    as_json: Json = False,
) -> None:
    """Make a character, film it in two scenes, extend one, edit the other, and lay out a contact sheet."""
    started = time.monotonic()
    with run(as_json=as_json) as client:
        out.mkdir(parents=True, exist_ok=True)
        luna = cast_character(client, name, clip or sample_path("luna"))
        takes = film(client, luna)
        saved = [take.video.download(out / take.file) for take in takes]
        portraits = download_portraits(luna, out)
        sheet = lay_out(luna, portraits, takes, out=out)
        report(takes, [*saved, *portraits, sheet], seconds=time.monotonic() - started, as_json=as_json)


def cast_character(client: Client, name: str, clip: Path) -> Character:
    print_notice(f"Casting {name} from {clip.name}")
    luna = client.characters.create(name, clip).wait()
    for note in luna.advice:
        print_notice(f"  advice: {note.message}")
    return luna


def film(client: Client, luna: Character) -> list[Take]:
    """All four takes. Both scenes are asked for at once, each follow-up as soon as its source is done."""
    forest_prompt, beach_prompt = FOREST.format(name=luna.name), BEACH.format(name=luna.name)
    scenes = [
        client.videos.create(prompt, characters=[luna], seconds=SECONDS, size=SIZE, seed=SEED) for prompt in (forest_prompt, beach_prompt)
    ]
    forest = follow(scenes[0], title="1/4  scene one")
    extending = forest.extend(GOODBYE.format(name=luna.name), seconds=SECONDS)
    beach = follow(scenes[1], title="2/4  scene two")
    editing = beach.edit(GOLDEN.format(name=luna.name))
    extended = follow(extending, title="3/4  scene one, extended")
    edited = follow(editing, title="4/4  scene two, edited")
    who = slug(luna.name)
    return [
        Take(f"1-{who}-forest.mp4", f"1  {forest_prompt}", forest),
        Take(f"2-{who}-beach.mp4", f"2  {beach_prompt}", beach),
        Take(f"3-{who}-forest-extended.mp4", f"3  Take 1 + {SECONDS} s: {extended.prompt}", extended),
        Take(f"4-{who}-beach-edited.mp4", f"4  Take 2, edited: {edited.prompt}", edited),
    ]


def slug(name: str) -> str:
    """A name as part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "character"


def download_portraits(luna: Character, out: Path) -> list[Path]:
    """The cutout, where there is one, and a still of the clip."""
    variants: list[CharacterVariant] = ["cutout", "still"]
    saved = []
    for variant in variants:
        with suppress(NotFound):
            saved.append(luna.download(out / f"{slug(luna.name)}-{variant}.png", variant=variant))
    return saved


def lay_out(luna: CharacterRecord, portraits: list[Path], takes: list[Take], *, out: Path) -> Path:
    """The contact sheet, drawn in a child process as all media work is."""
    spec = {
        "title": f"{luna.name}: one character, four takes",
        "cast": [
            {"path": str(path.absolute()), "name": caption} for path, caption in zip(reversed(portraits), captions(luna.name), strict=False)
        ],
        "takes": [{"path": str((out / take.file).absolute()), "title": take.title} for take in takes],
    }
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        made = asyncio.run(child.run("contact", {**spec, "out": str(Path(scratch).absolute())}, limits=child.RENDER))
        return (Path(scratch) / str(made["file"])).replace(out / "contact-sheet.png")


def captions(name: str) -> list[str]:
    return [f"{name}, as filmed once", f"{name}, cut out"]


def report(takes: list[Take], files: list[Path], *, seconds: float, as_json: bool) -> None:
    if as_json:
        videos = [{"file": file.name, "video": take.video.raw} for take, file in zip(takes, files, strict=False)]
        print_json({"seconds": round(seconds, 1), "videos": videos, "files": [str(file) for file in files]})
        return
    rows = [
        (str(file), f"{take.video.seconds} s", take.video.size, ", ".join(f"{who.name} ({who.fidelity})" for who in take.video.cast))
        for take, file in zip(takes, files, strict=False)
    ]
    print_table(["take", "length", "size", "cast"], rows)
    for file in files[len(takes) :]:
        print_line(str(file))
    print_line(f"Done in {seconds:.0f} s. The contact sheet: {show_safely(files[-1])}")
