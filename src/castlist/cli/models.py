"""`castlist models`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from castlist.catalogue import list_entries, list_vendors
from castlist.cli.printing import print_json, print_table
from castlist.cli.running import Json, run, tell_errors
from castlist.config import config_path, load
from castlist.model.entries import Entry
from castlist.model.pricing import show_amount
from castlist.sdk.records import DeploymentRecord, Price

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog="Example: castlist models --catalogue")
def models(
    *,
    catalogue: Annotated[bool, typer.Option("--catalogue", help="List every model known, whether it is served or not.")] = False,
    config: Annotated[Path | None, typer.Option(help="With --catalogue: a configuration that corrects it.")] = None,
    as_json: Json = False,
) -> None:
    """List the models a video can be asked from, what they cost and how long they live."""
    if catalogue:
        with tell_errors(as_json=as_json):
            list_catalogue(config or config_path(), as_json=as_json)
        return
    with run(as_json=as_json) as client:
        found = client.models.list()
        if as_json:
            print_json({"object": "list", "data": [each.raw for each in found]})
            return
        rows = [
            (each.id + (" (default)" if each.default else ""), f"{one.provider}/{one.provider_model}", *show_costs(one), show_note(one))
            for each in found
            for one in each.deployments
        ]
        print_table(["model", "served by", "a second", "sunset", "note"], rows)


def list_catalogue(config: Path | None, *, as_json: bool) -> None:
    """Every model of the catalogue as the configuration, if there is one, corrects it."""
    said = load(config).catalogue if config else {}
    entries = {f"{entry.provider}/{entry.model}": entry for name in list_vendors() for entry in list_entries(name)}
    known = {**entries, **said}
    if as_json:
        print_json({"object": "list", "data": [describe(each) for each in known.values()]})
        return
    rows = [(name, show_length(each), show_prices(each.prices), each.sunset or "", each.checked) for name, each in known.items()]
    print_table(["model", "seconds", "a second", "sunset", "checked"], rows)


def describe(entry: Entry) -> dict[str, object]:
    return {
        "id": f"{entry.provider}/{entry.model}",
        "limits": {name: show_limit(value) for name, value in entry.limits.items()},
        "micros_per_second": {name or "any": micros for name, micros in entry.prices.items()},
        "sound_micros_per_second": dict(entry.sound_prices),
        "source_micros_per_second": dict(entry.source_prices),
        "micros_per_image": entry.micros_per_image,
        "sunset": entry.sunset and entry.sunset.isoformat(),
        "source": entry.source,
        "checked": entry.checked.isoformat(),
    }


def show_limit(value: object) -> object:
    """A limit as JSON has it; a size as text."""
    if isinstance(value, Mapping):
        return {str(name): show_limit(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [show_limit(each) for each in value]
    return value if isinstance(value, int | float) else str(value)


def show_length(entry: Entry) -> str:
    lengths = entry.limits.get("seconds")
    if isinstance(lengths, tuple) and lengths:
        return ", ".join(map(str, lengths))
    return f"{entry.limits.get('min_seconds', '')} to {entry.limits.get('max_seconds', '')}"


def show_prices(prices: Mapping[str, int]) -> str:
    """As "0.10 (720p), 0.20 (1080p)" in US dollars."""
    return ", ".join(f"{show_amount(micros)}{'' if name in ('', 'any') else f' ({name})'}" for name, micros in prices.items())


def show_costs(one: DeploymentRecord) -> tuple[str, str]:
    return show_price(one.price), one.sunset or ""


def show_price(price: Price | None) -> str:
    if price is None:
        return "not known"
    return "nothing" if not any(every_amount(price)) else f"{show_prices(price.new)} {price.currency}"


def every_amount(price: Price) -> Iterable[int]:
    return (*price.new.values(), *price.sound.values(), *price.source.values(), price.micros_per_image)


def show_note(one: DeploymentRecord) -> str:
    return one.unavailable or " ".join(note.message for note in one.notes)
