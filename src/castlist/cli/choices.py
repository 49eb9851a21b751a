"""The options that every command for a new video takes beside its own: declared once, handed over as one value."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Annotated, Literal

import typer

from castlist.cli.running import Json
from castlist.sdk.arguments import Wishes


def find_folder(out: Path | None) -> Path | None:
    """Refuse a file that could not be written, before anything is rendered for it."""
    if out is not None and not out.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {str(out.parent)!r}; make it first")
    return out


Out = Annotated[Path | None, typer.Option(callback=find_folder, help="Download the video to this file once it is done.")]
Audio = Annotated[
    Literal["on", "off"] | None,
    typer.Option(help="Whether the embedded renderer makes an ambience; a follow-up does as its source did.", show_default="on"),
]


@dataclass(frozen=True)
class Choices:
    """How the video is to be made, and whether it is waited for, saved and printed as JSON; in the order in which `--help` has them."""

    model: Annotated[str | None, typer.Option(help="A model of the server.")] = None
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same video.")] = None
    audio: Audio = None
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the video, or return at once.")] = True
    out: Out = None
    as_json: Json = False

    def __post_init__(self) -> None:
        if self.out is not None and not self.wait:
            raise typer.BadParameter("it is written when the video is done, and --no-wait does not wait for that", param_hint="--out")

    @property
    def wishes(self) -> Wishes:
        """What of it goes to the server."""
        return {"model": self.model, "seed": self.seed, "options": {"animatic": {"audio": self.audio}} if self.audio else None}


def takes_choices(command: Callable[..., None]) -> Callable[..., None]:
    """The command as the command line sees it: its parameter `choices` replaced by the options that make it up."""
    own, shared = signature(command), signature(Choices).parameters
    flat = [one for name, one in own.parameters.items() if name != "choices"]
    options = [one.replace(kind=one.KEYWORD_ONLY) for one in shared.values()]

    @wraps(command)
    def run_command(**given: object) -> None:
        chosen = {name: given.pop(name) for name in shared}
        command(**given, choices=Choices(**chosen))  # type: ignore[arg-type]  # Typer has read each by its annotation

    run_command.__signature__ = own.replace(parameters=[*flat, *options])  # type: ignore[attr-defined]  # what `signature` looks for
    return run_command
