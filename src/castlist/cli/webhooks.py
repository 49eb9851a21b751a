"""`castlist webhooks`."""

from typing import Annotated, Literal

import typer

from castlist.cli.printing import print_facts, print_json, print_line, print_notice, print_table, show_time
from castlist.cli.running import Json, Order, run
from castlist.sdk.told import WebhookDelivery, WebhookEndpoint

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Who is told of the end of videos, what was delivered, and with which secret.",
)
State = Literal["pending", "delivered", "dead", "disabled"]
Event = Literal["video.completed", "video.failed"]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the endpoints of the configuration, those that said they are gone, and when the secrets were made."""
    with run(as_json=as_json) as client:
        found, secret = client.webhooks.list(), client.webhooks.secret()
        if as_json:
            print_json({"object": "list", "data": [each.raw for each in found], "signing": secret.raw.get("signing")})
            return
        print_table(
            ["id", "told of", "state", "url"], [(each.id, ", ".join(each.event_types), say_state(each), each.url) for each in found]
        )
        for each in secret.signing:
            until = f", until {show_time(each.until)}" if each.until else ""
            print_line(f"signed with the secret of {show_time(each.created_at)}{until}")
            if not each.readable:
                print_notice("It was sealed under another master key, so nothing is sent: `castlist webhooks rotate` makes a new one.")


def say_state(endpoint: WebhookEndpoint) -> str:
    if endpoint.disabled_at:
        return f"disabled: it answered 410 on {show_time(endpoint.disabled_at)}"
    return "private allowed" if endpoint.allow_private else "told"


@app.command(epilog="Example: castlist webhooks history --state dead")
def history(
    state: Annotated[State | None, typer.Option(help="Only those.")] = None,
    video: Annotated[str | None, typer.Option(metavar="ID", help="Only those about that video.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 20,
    order: Annotated[Order, typer.Option(help="Oldest or newest first.")] = "desc",
    as_json: Json = False,
) -> None:
    """Show what was delivered, what waits and what was given up, with the last attempt."""
    with run(as_json=as_json) as client:
        page = client.webhooks.history(state=state, video=video, limit=limit, order=order)
        if as_json:
            print_json({"object": "list", "data": [each.raw for each in page.data], "has_more": page.has_more})
            return
        rows = [(each.id, each.type, each.video_id, each.state, str(len(each.attempts)), say_last(each)) for each in page.data]
        print_table(["id", "event", "video", "state", "attempts", "last"], rows)
        if page.has_more:
            print_notice("There are more; --limit shows up to 100.")


def say_last(delivery: WebhookDelivery) -> str:
    if not delivery.attempts:
        return ""
    last = delivery.attempts[-1]
    what = f"{last.status or ''} {last.error or ''}".strip()
    return f"{what}; next {show_time(delivery.next_at)}" if delivery.next_at else what


@app.command(epilog="Example: castlist webhooks redeliver dlv_...")
def redeliver(id_: Annotated[str, typer.Argument(metavar="ID", help="A delivery's id.")], as_json: Json = False) -> None:
    """Send a delivery once more, under the id of its event."""
    with run(as_json=as_json) as client:
        found = client.webhooks.redeliver(id_)
        if as_json:
            print_json(found.raw)
        else:
            print_facts({"id": found.id, "event": found.event_id, "state": found.state})


@app.command()
def rotate(as_json: Json = False) -> None:
    """Make a new secret and show it, this once; the one before it signs too for 24 hours."""
    with run(as_json=as_json) as client:
        made = client.webhooks.rotate()
        if as_json:
            print_json(made.raw)
            return
        print_facts({"secret": made.secret})
        print_notice("It is not shown again. Receivers that know the one before it have 24 hours.")


@app.command("test", epilog="Example: castlist webhooks test we_...")
def try_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="An endpoint's id.")],
    event: Annotated[Event, typer.Option(help="What it is told.")] = "video.completed",
    as_json: Json = False,
) -> None:
    """Send an endpoint an event about no video, and show what it answers."""
    with run(as_json=as_json) as client:
        found = client.webhooks.test(id_, event_type=event)
        if as_json:
            print_json(found.raw)
        else:
            print_facts({"endpoint": found.endpoint_id, "answered": found.status_code, "error": found.error, "delivery": found.delivery_id})
        if found.status_code is None or not 200 <= found.status_code < 300:
            raise typer.Exit(1)
