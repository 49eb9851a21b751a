"""What each provider can do with a character, as tables: from the capabilities of the adapters, which the catalogue refines."""

import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from castlist.catalogue import list_entries
from castlist.model.capabilities import VERBS, Capabilities
from castlist.model.characters import HUMAN_CLIP, Fidelity
from castlist.model.operations import Size
from castlist.model.pricing import FLAT, USD
from castlist.model.providing import Account
from castlist.providers import provider
from castlist.providers.transport import HttpTransport

HOSTED = ("gemini", "kling", "runwayml", "fal_ai", "xai")
SERVERS = ("openai", "hosted_vllm", "sglang")
RETIRED = ("openai", "azure")
BASE = "http://localhost/v1"
WORDS = {Fidelity.NATIVE: "native", Fidelity.REFERENCE: "reference", Fidelity.DESCRIBED: "words"}
BEST = ("native", "reference", "words", "by degrade")
LINES = {"360p": 360, "480p": 480, "540p": 540, "720p": 720, "1080p": 1080, "4k": 2160}
UNKNOWN = "as the server's owner says"
NEAR, WIDE, WIDEST = 0.05, 1.7, 1.9
RATIOS = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0, "4:3": 4 / 3, "3:4": 3 / 4, "3:2": 3 / 2, "2:3": 2 / 3, "21:9": 21 / 9}


@dataclass(frozen=True)
class Row:
    """One model as a provider offers it. `ends` is the day its vendor shuts it down, `checked` when that, length and price were read."""

    provider: str
    model: str
    capabilities: Capabilities
    ends: date | None = None
    checked: date | None = None


def rows_of(name: str) -> list[Row]:
    """The models of a vendor in the catalogue's order, or any model of a server that is only known by its address."""
    if name in SERVERS:
        return [Row(name, "…", capabilities_of(name, "…", base=BASE))]
    if name == "animatic":
        return [Row(name, name, capabilities_of(name, name))]
    return [Row(name, each.model, capabilities_of(name, each.model), each.sunset, each.checked) for each in list_entries(name)]


def retired_rows() -> list[Row]:
    found = [(name, entry) for name in RETIRED for entry in list_entries(name)]
    return [Row(name, each.model, capabilities_of(name, each.model), each.sunset, each.checked) for name, each in found]


def capabilities_of(name: str, model: str, *, base: str | None = None) -> Capabilities:
    return provider(name)(Account("docs", name, base, "key"), typing.cast("HttpTransport", None)).capabilities(model)


def travels(found: Capabilities, kind: str) -> str:
    """How a character travels with an operation, or that the operation does not exist."""
    if kind not in found.implements:
        return "by degrade" if kind in found.approximates else "no"
    return WORDS[found.fidelity] if found.characters and kind in found.casts else "words"


def cast_of(found: Capabilities) -> str:
    """How many characters a video takes and as what."""
    if not found.characters:
        return "none"
    stills = sum(form.startswith("jpeg-") and form.count("-") == 1 for form in found.wants)
    usual = [form for form in found.wants if form.startswith("clip-") and form != HUMAN_CLIP]
    clips = [f"a clip of {form.split('-')[1].removesuffix('s')} s" for form in usual]
    clips += ["a clip of a person"] if HUMAN_CLIP in found.wants else []
    return ", ".join([str(found.characters), *clips, *([f"{stills} stills"] if stills else [])])


def frame_of(found: Capabilities) -> str:
    if not found.reference:
        return "no"
    return "yes" if found.reference_with_characters else "alone" if found.characters else "yes"


def length_of(found: Capabilities) -> str:
    parts = [", ".join(map(str, found.seconds)) if found.seconds else span(found.min_seconds, found.max_seconds)]
    if "extend" in found.implements and found.extension:
        parts.append(f"adds {span(*found.extension)}")
    sources = {kind: ends for kind, ends in found.sources.items() if kind in found.implements | found.approximates}
    grouped = {ends: [kind for kind in VERBS if sources.get(kind) == ends] for ends in sources.values()}
    parts += [f"{', '.join(kinds)} of {span(*ends) if ends[0] else f'up to {ends[1]:g}'}" for ends, kinds in grouped.items()]
    return "; ".join(parts)


def span(least: float, most: float) -> str:
    return f"{least:g}" if least == most else f"{least:g}-{most:g}"


def tier(size: Size) -> str:
    """The resolution by its lines: in a word that people use where it is near one."""
    lines = min(size.width, size.height)
    near = next((name for name, each in LINES.items() if abs(lines / each - 1) <= NEAR), None)
    return near or (f"{lines}p" if lines < max(LINES.values()) else f"{lines} a side")


def sizes_of(found: Capabilities) -> str:
    if not found.sizes:
        return f"any up to {found.max_side} a side"
    ratios = {min(RATIOS, key=lambda name: abs(RATIOS[name] / size.aspect - 1)) for size in found.sizes}
    return f"{', '.join(tiers(found.sizes))} in {', '.join(name for name in RATIOS if name in ratios)}"


def tiers(sizes: Iterable[Size]) -> list[str]:
    """The resolutions of the usual wide and tall videos, lowest first; other shapes go by the same names."""
    wide = [size for size in sizes if WIDE <= max(size.aspect, 1 / size.aspect) <= WIDEST]
    return list(dict.fromkeys(tier(size) for size in sorted(wide, key=lambda each: each.width * each.height)))


def price_of(found: Capabilities) -> str:
    """US dollars for a second of video, by what it is for."""
    table = found.price_table()
    if not table:
        return ""
    if not any(any(prices.values()) for prices in table.values()):
        return "nothing"
    words = {"new": "", "sound": "with sound ", "source": "from a video "}
    parts = [words[name] + amounts(prices) for name, prices in table.items()]
    return "; ".join([*parts, *([f"{dollars(found.micros_per_image)} a picture sent"] if found.micros_per_image else [])])


def amounts(prices: Mapping[str, int]) -> str:
    return ", ".join(dollars(micros) + (f" ({name})" if name != FLAT else "") for name, micros in prices.items())


def dollars(micros: int) -> str:
    return f"{micros / USD:.2f}" if micros % 10_000 == 0 else f"{micros / USD:.6f}".rstrip("0")


HEAD = ["model", *VERBS, "characters", "opening frame", "seconds", "sizes", "USD a second"]


def cells(row: Row) -> list[str]:
    found = row.capabilities
    name = f"`{row.provider}/{row.model}`" + (f", until {row.ends}" if row.ends else "")
    operations = [travels(found, kind) for kind in VERBS]
    return [name, *operations, cast_of(found), frame_of(found), length_of(found), sizes_of(found), price_of(found) or UNKNOWN]


def every_section() -> Iterator[tuple[str, list[list[str]], str]]:
    """(heading, rows, note) of the whole table."""
    yield "The embedded renderer", [cells(row) for row in rows_of("animatic")], ""
    for name in HOSTED:
        rows = rows_of(name)
        days = sorted({row.checked for row in rows if row.checked})
        yield f"`{name}`", [cells(row) for row in rows], f"Lengths and prices as read on {', '.join(map(str, days))}."
    servers = [cells(row) for name in SERVERS for row in rows_of(name)]
    yield (
        "Servers of your own, at their `api_base`",
        servers,
        "`openai` is asked for characters first, and shown pictures where it keeps none.",
    )
    yield (
        "Gone",
        [cells(row) for row in retired_rows()],
        "What these were; `animatic`, or the `fallback` of the configuration, serves them.",
    )


SHORT_HEAD = ["provider", *VERBS, "characters", "seconds", "up to", "USD a second"]


def short_cells(name: str) -> list[str]:
    """One provider in a line: the best of its models for each operation, and the range of their limits and prices."""
    known = [row.capabilities for row in rows_of(name)]
    operations = [min((travels(each, kind) for each in known), key=rank) for kind in VERBS]
    least, most = min(shortest(each) for each in known), max(longest(each) for each in known)
    sizes = [size for each in known for size in each.sizes]
    highest = tiers(sizes)[-1] if sizes else tier(Size(known[0].max_side, known[0].max_pixels // known[0].max_side))
    prices = [micros for each in known for table in each.price_table().values() for micros in table.values()]
    cost = span_of_prices(prices) if prices else UNKNOWN
    return [
        f"`{name}/`" + ("" if len(known) == 1 else f", {len(known)} models"),
        *operations,
        str(max(each.characters for each in known)),
        span(least, most),
        highest,
        cost,
    ]


def span_of_prices(prices: Sequence[int]) -> str:
    if not any(prices):
        return "nothing"
    least, most = dollars(min(prices)), dollars(max(prices))
    return least if least == most else f"{least}-{most}"


def rank(word: str) -> int:
    return BEST.index(word) if word in BEST else len(BEST)


def shortest(found: Capabilities) -> int:
    return min(found.seconds) if found.seconds else found.min_seconds


def longest(found: Capabilities) -> int:
    return max(found.seconds) if found.seconds else found.max_seconds


def short_rows() -> list[list[str]]:
    return [short_cells(name) for name in ("animatic", *HOSTED, *SERVERS)]
