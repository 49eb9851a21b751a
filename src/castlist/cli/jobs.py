"""`castlist jobs`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from castlist.cli.printing import print_facts, print_json, print_line, print_table, show_time
from castlist.cli.running import Json, run
from castlist.sdk.troubles import Outcome, TroubleRecord

HELP = "Look at jobs of all projects that are in trouble, and decide about them. Takes the master key."
COLUMNS = ("video", "project", "sent to", "since", "reference", "what")
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=HELP)


@app.command(epilog="Example: castlist jobs unknown")
def unknown(*, as_json: Json = False) -> None:
    """List videos whose request was sent and never answered."""
    with run(as_json=as_json) as client:
        tell(client.jobs.unknown(), as_json=as_json)


@app.command(epilog="Example: castlist jobs stuck")
def stuck(*, as_json: Json = False) -> None:
    """List videos that take far longer than usual."""
    with run(as_json=as_json) as client:
        tell(client.jobs.stuck(), as_json=as_json)


@app.command(epilog="Example: castlist jobs resolve video_... made --ticket task_123")
def resolve(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A video's id.", show_default=False)],
    outcome: Annotated[
        Outcome, typer.Argument(help="made: it goes on under --ticket; absent: it is sent again; failed; resubmit: it may cost twice.")
    ],
    *,
    ticket: Annotated[str | None, typer.Option(help="With made: the provider's id of its work.")] = None,
    as_json: Json = False,
) -> None:
    """Decide about a video whose request was never answered, after a look at what its provider shows."""
    with run(as_json=as_json) as client:
        found = client.jobs.resolve(id_, outcome, ticket=ticket)
        if as_json:
            print_json(found.raw)
            return
        print_facts({"video": found.id, "decided": outcome, "provider": found.provider, "reference": found.reference})


def tell(found: Sequence[TroubleRecord], *, as_json: bool) -> None:
    if as_json:
        print_json({"object": "list", "data": [each.raw for each in found]})
        return
    if not found:
        print_line("None.")
        return
    rows = [
        (each.id, each.project, each.deployment or "", show_time(each.since), each.reference or "", each.message or "") for each in found
    ]
    print_table(COLUMNS, rows)
