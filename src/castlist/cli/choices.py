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
    Literal["auto", "on", "off"],
    typer.Option(help="Sound, none, or as the model does by itself: the embedded renderer an ambience, a follow-up as its source."),
]

Unknown = Annotated[
    Literal["hold", "fail", "resubmit"] | None,
    typer.Option(help="When a provider never says whether it took the video: wait, fail it, or send it again, which may cost twice."),
]


@dataclass(frozen=True)
class Manner:
    """How a video is to be made; in the order in which `--help` has it."""

    model: Annotated[str | None, typer.Option(help="A model of the server.")] = None
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same video.")] = None
    audio: Audio = "auto"
    on_unsupported: Annotated[
        Literal["error", "degrade"], typer.Option(help="Refuse what the model cannot do, or make the nearest it can and say so.")
    ] = "error"

    max_cost: Annotated[float | None, typer.Option(min=0, metavar="USD", help="Refuse a video that could cost more US dollars.")] = None
    webhook: Annotated[str | None, typer.Option(metavar="URL", help="An address that is told of the video's end.")] = None
    unknown_policy: Unknown = None

    @property
    def wishes(self) -> Wishes:
        """What of it goes to the server."""
        return {
            "model": self.model,
            "seed": self.seed,
            "audio": None if self.audio == "auto" else self.audio,
            "on_unsupported": None if self.on_unsupported == "error" else self.on_unsupported,
            "max_cost": self.max_cost,
            "webhook": self.webhook,
            "unknown_policy": self.unknown_policy,
        }


@dataclass(frozen=True)
class Choices(Manner):
    """The same, and whether the video is waited for, saved and printed as JSON."""

    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the video, or return at once.")] = True
    out: Out = None
    as_json: Json = False

    def __post_init__(self) -> None:
        if self.out is not None and not self.wait:
            raise typer.BadParameter("it is written when the video is done, and --no-wait does not wait for that", param_hint="--out")


@dataclass(frozen=True)
class PlanChoices(Manner):
    """How a video would be made, which video it would start from, and whether the plan is printed as JSON."""

    edit: Annotated[str | None, typer.Option(metavar="ID", help="Plan a change of this video.")] = None
    extend: Annotated[str | None, typer.Option(metavar="ID", help="Plan an extension of this video.")] = None
    remix: Annotated[str | None, typer.Option(metavar="ID", help="Plan another take of this video.")] = None
    as_json: Json = False

    def __post_init__(self) -> None:
        if sum(id_ is not None for id_ in (self.edit, self.extend, self.remix)) > 1:
            raise typer.BadParameter("a plan is about one of them", param_hint="--edit, --extend and --remix")


def takes_choices(command: Callable[..., None]) -> Callable[..., None]:
    """The command as the command line sees it: its parameter `choices` replaced by the options that make up the class it is of."""
    own = signature(command)
    shape: type[Choices | PlanChoices] = own.parameters["choices"].annotation
    shared = signature(shape).parameters
    flat = [one for name, one in own.parameters.items() if name != "choices"]
    options = [one.replace(kind=one.KEYWORD_ONLY) for one in shared.values()]

    @wraps(command)
    def run_command(**given: object) -> None:
        chosen = {name: given.pop(name) for name in shared}
        command(**given, choices=shape(**chosen))  # type: ignore[arg-type]  # Typer has read each by its annotation

    run_command.__signature__ = own.replace(parameters=[*flat, *options])  # type: ignore[attr-defined]  # what `signature` looks for
    return run_command
