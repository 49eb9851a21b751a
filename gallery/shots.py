"""What the gallery shows: sheets of takes, each asked for in words like anybody's."""

from dataclasses import dataclass

HOURS = ("by day", "at night")
PLACES = {
    "forest": "in a forest",
    "market": "on a market square",
    "meadow": "in a flower meadow",
    "city": "on a city street",
    "beach": "on the beach by the sea",
    "mountains": "in the mountains",
    "cliff": "on a cliff above the sea",
    "snow": "in a snowy landscape",
    "desert": "in the desert",
    "space": "on the moon in space",
    "interior": "in a cosy living room",
    "stage": "somewhere",
}
MOVES = {
    "static": "static shot",
    "tracking": "walks, tracking shot",
    "pan": "the camera pans right",
    "tilt": "the camera tilts up",
    "push-in": "slow push-in",
    "pull-out": "the camera pulls out",
    "orbit": "the camera orbits around",
    "handheld": "handheld camera",
}
ACTIONS = ("walks", "runs", "jumps", "dances", "waves", "turns around", "sits down", "flies", "comes towards the camera", "walks away")
EDITS = (
    "golden hour light",
    "make it night",
    "cool blue light",
    "let it snow",
    "heavy rain",
    "thick fog",
    "fireflies at dusk",
    "a glow around the character",
    "black and white",
)
WEATHERS = ("clear sky at dawn", "golden hour", "dusk", "rain", "storm", "fog", "snow falls")
CASTS = {
    "talking": "Luna and Mossy talk in a forest at golden hour",
    "waving and dancing": "Luna waves while Mossy dances on a city street at night, neon lights",
}
PORTRAITS = {
    "meadow": "Luna and Mossy talk in a meadow by day",
    "beach": "Luna and Mossy wave on the beach at golden hour",
    "market": "Luna and Mossy stand on a market square at night",
    "snowy forest": "Luna and Mossy stand in a snowy forest",
}


@dataclass(frozen=True, slots=True)
class Take:
    """One video, the moments of it that are shown (shares of its length), and the words below them."""

    label: str
    prompt: str
    moments: tuple[float, ...] = (0.5,)
    cast: tuple[str, ...] = ("Luna",)
    edits: str | None = None
    size: str = "640x360"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture: `columns` tiles a row, a tile for each moment of each take."""

    name: str
    title: str
    columns: int
    takes: tuple[Take, ...]


SOURCE = "Luna walks through a forest by day"
THIRDS = (0.02, 0.5, 0.97)

SHEETS = (
    Sheet(
        "places", "Every place, by day and at night", 4,
        tuple(Take(f"{name} {hour}", f"Luna stands {where} {hour}") for name, where in PLACES.items() for hour in HOURS),
    ),
    Sheet(
        "hours-and-weather", "One meadow in other light and weather", 4,
        (Take("noon", "Luna stands in a meadow at noon"), *(Take(w, f"Luna stands in a meadow, {w}") for w in WEATHERS)),
    ),
    Sheet(
        "cameras", "What the camera does: beginning, middle and end", 6,
        tuple(Take(name, f"Luna in a forest by day, {words}", THIRDS) for name, words in MOVES.items()),
    ),
    Sheet(
        "actions", "What a character does", 5,
        tuple(Take(words, f"Luna {words} in a meadow by day, static shot", (0.35, 0.6)) for words in ACTIONS),
    ),
    Sheet(
        "edits", "One take, edited", 5,
        (Take("the take", SOURCE), *(Take(words, SOURCE, edits=words) for words in EDITS)),
    ),
    Sheet("two", "Two characters", 4, tuple(Take(name, prompt, (0.25, 0.75), ("Luna", "Mossy")) for name, prompt in CASTS.items())),
    Sheet(
        "portrait", "Two broad characters in portrait", 4,
        tuple(Take(name, prompt, (0.5,), ("Luna", "Mossy"), size="360x640") for name, prompt in PORTRAITS.items()),
    ),
)  # fmt: skip

PREVIEW = (
    Take("forest", "Luna walks through a forest at dusk with fireflies, tracking shot"),
    Take("city", "Luna dances on a city street at night, neon lights, rain"),
    Take("beach", "Luna runs along the beach at golden hour, tracking shot"),
    Take("space", "Luna jumps on the moon in space, slow push-in"),
)
