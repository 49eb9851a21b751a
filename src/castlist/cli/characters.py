"""`castlist characters`."""

from difflib import get_close_matches
from mimetypes import guess_type
from pathlib import Path
from typing import Annotated

import typer

from castlist.cli.printing import print_facts, print_json, print_notice, print_table, shorten, show_time
from castlist.cli.running import Json, Order, run
from castlist.errors import NotFound
from castlist.model.characters import SubjectWord
from castlist.model.ids import is_id
from castlist.sdk._sync.characters import Character
from castlist.sdk._sync.client import Client
from castlist.sdk.records import CharacterRecord
from castlist.sdk.uploads import Source

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="Create, list, show and delete characters.")

Who = Annotated[str, typer.Argument(metavar="ID", help="An id, or the name of the newest character of that name.", show_default=False)]


def find_character(client: Client, who: str) -> Character:
    """The character of that id, else the newest one of that name. Raises NotFound."""
    if is_id(who, "char"):
        return client.characters.get(who)
    named = client.characters.named(who)
    if named is None:
        near = get_close_matches(who, sorted({one.name for one in client.characters.list(limit=100).data}), n=1)
        hint = f"did you mean {near[0]!r}? If not, " if near else ""
        raise NotFound(
            f"there is no character {who!r}; {hint}create it with `castlist characters create NAME CLIP`",
            code="unknown_character",
            param="id",
        )
    return named


@app.command(epilog="Example: castlist characters create Luna luna.mp4 --start 1 --end 4")
def create(  # noqa: PLR0913  # one option each, as the command line has them
    name: Annotated[str, typer.Argument(metavar="NAME", help="What prompts call the character.", show_default=False)],
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="CLIP|IMAGE...", exists=True, dir_okay=False, readable=True, help="One clip, or one to four images."),
    ],
    *,
    start: Annotated[float | None, typer.Option(min=0, help="Where in a longer clip the character starts, in seconds.")] = None,
    end: Annotated[float | None, typer.Option(min=0, help="Where it ends, in seconds.")] = None,
    description: Annotated[str | None, typer.Option(help="What the character looks like, for models that take words only.")] = None,
    subject: Annotated[
        SubjectWord | None, typer.Option(help="What it is: a person as filmed (human), drawn (stylised), an animal, an object.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a character from a short clip (2 to 4 seconds are best) or from one to four images."""
    clips = [path.name for path in sources if (guess_type(path.name)[0] or "").startswith("video/")]
    if clips and len(sources) > 1:
        raise typer.BadParameter(f"one clip, or one to four images, and not {len(sources)} files with {clips[0]} among them")
    with run(as_json=as_json) as client:
        source: list[Source] = [*sources]
        made = client.characters.create(
            name, source if len(source) > 1 else source[0], start=start, end=end, description=description, subject=subject
        )
        show_character(made.wait(), as_json=as_json)


@app.command("list")
def list_(
    name: Annotated[str | None, typer.Option(help="Only those of that name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 20,
    order: Annotated[Order, typer.Option(help="Oldest or newest first.")] = "desc",
    as_json: Json = False,
) -> None:
    """List characters."""
    with run(as_json=as_json) as client:
        page = client.characters.list(name=name, limit=limit, order=order)
        if as_json:
            print_json({"object": "list", "data": [each.raw for each in page.data], "has_more": page.has_more})
            return
        rows = [(each.id, shorten(each.name, 32), each.state, show_clip(each), show_time(each.created_at)) for each in page.data]
        print_table(["id", "name", "state", "clip", "created"], rows)
        if page.has_more:
            print_notice("There are more; --limit shows up to 100.")


@app.command()
def show(who: Who, as_json: Json = False) -> None:
    """Show a character."""
    with run(as_json=as_json) as client:
        show_character(find_character(client, who), as_json=as_json)


@app.command()
def delete(who: Who, as_json: Json = False) -> None:
    """Delete a character. Queued videos that use it fail; finished ones stay."""
    with run(as_json=as_json) as client:
        gone = find_character(client, who).delete()
        if as_json:
            print_json({"id": gone.id, "object": gone.object, "deleted": gone.deleted})
        else:
            print_facts({"deleted": gone.id})


def show_character(character: CharacterRecord, *, as_json: bool) -> None:
    if as_json:
        print_json(character.raw)
        return
    print_facts({
        "id": character.id,
        "name": character.name,
        "description": character.description,
        "subject": character.subject,
        "state": character.state,
        "clip": show_clip(character),
        "created": show_time(character.created_at),
        "error": character.error,
    })  # fmt: skip
    for binding in character.bindings:
        until = f", until {show_time(binding.expires_at)}" if binding.expires_at else ""
        print_facts({"binding": f"{binding.state} at {binding.account}{until}"})
    for note in character.advice:
        print_facts({"advice": note.message})


def show_clip(character: CharacterRecord) -> str:
    clip = character.clip
    return "" if clip is None else f"{clip.width}x{clip.height}, {clip.seconds:g} s"
