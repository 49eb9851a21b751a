"""`castlist videos`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from castlist.cli.attempts import show_attempts
from castlist.cli.characters import find_character
from castlist.cli.choices import Choices, Out, PlanChoices, find_folder, takes_choices
from castlist.cli.following import follow
from castlist.cli.planning import show_plan
from castlist.cli.printing import print_facts, print_json, print_notice, print_table, shorten, show_time
from castlist.cli.running import Json, Order, run
from castlist.errors import InvalidRequest
from castlist.model.operations import MAX_SECONDS, Size
from castlist.sdk._sync.client import Client
from castlist.sdk._sync.videos import Video
from castlist.sdk.records import VideoRecord

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="Create, edit, extend, remix, follow and download videos."
)


def read_size(text: str) -> str:
    try:
        return str(Size.parse(text))
    except InvalidRequest as error:
        raise typer.BadParameter(error.message) from error


Prompt = Annotated[str, typer.Argument(metavar="PROMPT", help="What happens; name its characters.", show_default=False)]
Id = Annotated[str, typer.Argument(metavar="ID", help="A video's id.", show_default=False)]
Cast = Annotated[list[str] | None, typer.Option(metavar="ID|NAME", help="A character in it; up to two.")]
Frame = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="An image to open with.")]
Seconds = Annotated[int, typer.Option(min=1, max=MAX_SECONDS, help="Length in seconds.")]
Variant = Annotated[Literal["video", "thumbnail", "spritesheet"], typer.Option(help="What to download.")]


@app.command(epilog='Example: castlist videos create "Luna dances at dusk" --character Luna --seconds 4 --out dance.mp4')
@takes_choices
def create(
    prompt: Prompt,
    *,
    character: Cast = None,
    reference: Frame = None,
    seconds: Seconds = 8,
    size: Annotated[str, typer.Option(parser=read_size, metavar="WIDTHxHEIGHT", help="Size in pixels.")] = "1280x720",
    choices: Choices,
) -> None:
    """Create a video."""
    with run(as_json=choices.as_json) as client:
        cast = [find_character(client, who).id for who in character or []]
        video = client.videos.create(prompt, characters=cast, reference=reference, seconds=seconds, size=size, **choices.wishes)
        deliver(client, video, choices)


@app.command(epilog='Example: castlist videos edit video_... "Warm golden light"')
@takes_choices
def edit(id_: Id, prompt: Prompt, *, choices: Choices) -> None:
    """Change a video: its cast, composition and timing stay."""
    with run(as_json=choices.as_json) as client:
        video = client.videos.edit(id_, prompt, **choices.wishes)
        deliver(client, video, choices)


@app.command(epilog='Example: castlist videos extend video_... "Luna waves goodbye" --seconds 4')
@takes_choices
def extend(
    id_: Id,
    prompt: Prompt,
    *,
    seconds: Annotated[int, typer.Option(min=1, max=MAX_SECONDS, help="How many seconds more.", show_default=False)],
    choices: Choices,
) -> None:
    """Add seconds to a video's end: the result is the whole."""
    with run(as_json=choices.as_json) as client:
        video = client.videos.extend(id_, prompt, seconds=seconds, **choices.wishes)
        deliver(client, video, choices)


@app.command(epilog='Example: castlist videos remix video_... "The same on a beach"')
@takes_choices
def remix(id_: Id, prompt: Prompt, *, choices: Choices) -> None:
    """Stage a video's cast anew."""
    with run(as_json=choices.as_json) as client:
        video = client.videos.remix(id_, prompt, **choices.wishes)
        deliver(client, video, choices)


@app.command(epilog='Example: castlist videos plan "Luna dances at dusk" --character Luna --seconds 8')
@takes_choices
def plan(
    prompt: Prompt,
    *,
    character: Cast = None,
    reference: Frame = None,
    seconds: Annotated[
        int | None, typer.Option(min=1, max=MAX_SECONDS, help="Length in seconds; of an extension, how many more.", show_default="8")
    ] = None,
    size: Annotated[str, typer.Option(parser=read_size, metavar="WIDTHxHEIGHT", help="Size in pixels, of a new video.")] = "1280x720",
    choices: PlanChoices,
) -> None:
    """Say what would become of a request, before it costs anything: who would be asked, with what, and for how much."""
    with run(as_json=choices.as_json) as client:
        ask, wishes = client.videos.plan, choices.wishes
        if choices.edit:
            found = ask(prompt, operation="edit", video=choices.edit, **wishes)
        elif choices.extend:
            found = ask(prompt, operation="extend", video=choices.extend, seconds=seconds, **wishes)
        elif choices.remix:
            found = ask(prompt, operation="remix", video=choices.remix, **wishes)
        else:
            cast = [find_character(client, who).id for who in character or []]
            found = ask(prompt, characters=cast, reference=reference, seconds=seconds or 8, size=size, **wishes)
        show_plan(found, as_json=choices.as_json)


@app.command("list")
def list_(
    status: Annotated[Literal["queued", "in_progress", "completed", "failed"] | None, typer.Option(help="Only those.")] = None,
    character: Annotated[str | None, typer.Option(metavar="ID|NAME", help="Only those with that character.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 20,
    order: Annotated[Order, typer.Option(help="Oldest or newest first.")] = "desc",
    as_json: Json = False,
) -> None:
    """List videos."""
    with run(as_json=as_json) as client:
        who = find_character(client, character).id if character else None
        page = client.videos.list(status=status, character=who, limit=limit, order=order)
        if as_json:
            print_json({"object": "list", "data": [each.raw for each in page.data], "has_more": page.has_more})
            return
        rows = [(v.id, v.status, f"{v.progress} %", v.seconds, v.size, show_time(v.created_at), shorten(v.prompt, 48)) for v in page.data]
        print_table(["id", "status", "done", "seconds", "size", "created", "prompt"], rows)
        if page.has_more:
            print_notice("There are more; --limit shows up to 100.")


@app.command()
def show(id_: Id, as_json: Json = False) -> None:
    """Show a video: what became of it, where it was sent, and why there."""
    with run(as_json=as_json) as client:
        video = client.videos.get(id_)
        show_video(video, as_json=as_json)
        if not as_json:
            show_attempts(video)


@app.command()
def wait(id_: Id, out: Out = None, as_json: Json = False) -> None:
    """Wait for a video."""
    with run(as_json=as_json) as client:
        deliver(client, client.videos.get(id_), Choices(out=out, as_json=as_json))


@app.command()
def download(
    id_: Id,
    variant: Variant = "video",
    out: Annotated[Path | None, typer.Option(callback=find_folder, help="The file, or the folder for it; its id names it without.")] = None,
    as_json: Json = False,
) -> None:
    """Download a finished video, its thumbnail or its spritesheet."""
    with run(as_json=as_json) as client:
        saved = client.videos.download(id_, out, variant=variant)
        if as_json:
            print_json({"id": id_, "variant": variant, "path": str(saved), "bytes": saved.stat().st_size})
        else:
            print_facts({"saved": saved})


@app.command()
def cancel(id_: Id, as_json: Json = False) -> None:
    """Stop a video."""
    with run(as_json=as_json) as client:
        show_video(client.videos.cancel(id_), as_json=as_json)


@app.command()
def delete(id_: Id, as_json: Json = False) -> None:
    """Delete a video; a running one is cancelled first."""
    with run(as_json=as_json) as client:
        gone = client.videos.delete(id_)
        if as_json:
            print_json({"id": gone.id, "object": gone.object, "deleted": gone.deleted})
        else:
            print_facts({"deleted": gone.id})


@app.command(epilog="Example: castlist videos settle 7c9e6679-7425-40de")
def settle(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The Idempotency-Key it was sent with.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Ask what became of a request that was never answered; if it has not come, it is not taken any more."""
    with run(as_json=as_json) as client:
        found = client.videos.settle(key)
        if as_json:
            print_json({"idempotency_key": key, "made": found.made, "closed": found.made is None, "since": found.since})
        else:
            print_facts({"made": found.made or "nothing; it may be sent again with a new key"})


def deliver(client: Client, video: Video, choices: Choices) -> None:
    """Show the video, after waiting for it and saving it where that is wanted."""
    if choices.wait:
        video = follow(video, title=video.prompt or video.id)
    saved = video.download(choices.out) if choices.out is not None else None
    show_video(video, as_json=choices.as_json)
    if saved is not None and not choices.as_json:
        print_facts({"saved": saved})
    if not choices.wait and not video.ended and client.leave_to_worker():
        print_notice("A worker goes on with it in the background; `castlist videos wait` follows it.")


def show_video(video: VideoRecord, *, as_json: bool) -> None:
    if as_json:
        print_json(video.raw)
        return
    print_facts({
        "id": video.id,
        "status": video.status if video.ended else f"{video.status} ({video.progress} %)",
        "prompt": video.prompt,
        "model": video.model,
        "length": f"{video.seconds} s at {video.size}",
        "cast": ", ".join(f"{member.name} ({member.fidelity})" for member in video.cast),
        "from": video.remixed_from_video_id,
        "created": show_time(video.created_at),
        "waiting": video.waiting,
        "error": video.error and f"{video.error.code}: {video.error.message}",
    })  # fmt: skip
    for note in video.warnings:
        print_facts({"warning": note.message})
