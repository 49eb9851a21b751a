"""Read a prompt for what a scene needs: place, hour, weather, camera, actions and mood."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    forest = "forest"
    market = "market"
    meadow = "meadow"
    city = "city"
    beach = "beach"
    mountains = "mountains"
    snow = "snow"
    desert = "desert"
    space = "space"
    interior = "interior"
    stage = "stage"
    cliff = "cliff"


class Hour(StrEnum):
    dawn = "dawn"
    day = "day"
    golden = "golden"
    dusk = "dusk"
    night = "night"


class Weather(StrEnum):
    clear = "clear"
    rain = "rain"
    snow = "snow"
    fog = "fog"
    storm = "storm"


class Move(StrEnum):
    """What the camera does."""

    static = "static"
    drift = "drift"
    track = "track"
    track_left = "track_left"
    pan_left = "pan_left"
    pan_right = "pan_right"
    tilt_up = "tilt_up"
    tilt_down = "tilt_down"
    push = "push"
    pull = "pull"
    orbit = "orbit"
    handheld = "handheld"


class Action(StrEnum):
    """What a character does; its own clip plays underneath."""

    idle = "idle"
    walk = "walk"
    run = "run"
    jump = "jump"
    dance = "dance"
    wave = "wave"
    turn = "turn"
    sit = "sit"
    fly = "fly"
    towards = "towards"
    away = "away"


class Heading(StrEnum):
    """Which way a character goes, and whether it comes in from outside the frame."""

    free = "free"
    left = "left"
    right = "right"
    enters = "enters"
    from_left = "from_left"
    from_right = "from_right"


class Extra(StrEnum):
    """Living things asked for by name."""

    fireflies = "fireflies"
    lanterns = "lanterns"
    leaves = "leaves"
    petals = "petals"
    birds = "birds"
    stars = "stars"
    embers = "embers"
    bubbles = "bubbles"
    glow = "glow"
    wind = "wind"
    neon = "neon"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a prompt says; None and empty where it says nothing."""

    place: Place | None
    hour: Hour | None
    weather: Weather | None
    moves: tuple[Move, ...]
    actions: tuple[Action, ...]
    extras: frozenset[Extra]
    text: str = ""


def flat(prompt: str) -> str:
    """A prompt in small letters with single spaces."""
    return re.sub(r"\s+", " ", prompt.casefold())


def actions_in(text: str) -> list[tuple[int, int, Action]]:
    """Every action word of a flat text with its place, in order; of two in one place the longer."""
    hits = [(m.start(), m.end(), Action(name)) for name, pattern in _ACTIONS.items() for m in re.finditer(rf"\b(?:{pattern})\b", text)]
    hits.sort(key=lambda hit: (hit[0], -hit[1]))
    return [hit for number, hit in enumerate(hits) if not number or hit[0] >= hits[number - 1][1]]


def read(prompt: str) -> Reading:
    """Read a prompt. The place is the one named most; of actions the order of the words is kept."""
    text = flat(prompt)
    place, weathers = _most(text, _PLACES), weathers_in(text)
    wintry = place not in (None, Place.snow) and is_wintry(text)
    return Reading(
        place=place,
        hour=_first(text, _HOURS),
        weather=weathers[0] if weathers else Weather.snow if wintry else None,
        moves=tuple(Move(m) for m in _found(text, _MOVES)),
        actions=tuple(Action(a) for a in _found(text, _ACTIONS)),
        extras=frozenset(Extra(e) for e in _found(affirmed(text), _EXTRAS)),
        text=text,
    )


def weathers_in(text: str) -> list[Weather]:
    """Every weather a flat text names, in order; not one that it says is absent or to go."""
    return [Weather(name) for name in _found(affirmed(text), _WEATHERS)]


def is_wintry(text: str) -> bool:
    """Whether a flat text speaks of snow or winter at all, though not that it falls."""
    return re.search(_WINTRY, affirmed(text)) is not None


def affirmed(text: str) -> str:
    """A flat text without what it says is absent or to go."""
    return re.sub(_DENIED, "", text)


def made_of(text: str) -> str:
    """What an edit makes of things, without what it makes it of: the night of "turn day into night"."""
    return re.sub(_REPLACED, "", text)


def _found(text: str, table: dict[str, str]) -> list[str]:
    hits = {}
    for name, pattern in table.items():
        match = re.search(rf"\b(?:{pattern})\b", text)
        if match:
            hits[name] = match.start()
    return sorted(hits, key=lambda name: hits[name])


def _first(text: str, table: dict[str, str]) -> Hour | None:
    for name, pattern in table.items():
        if re.search(rf"\b(?:{pattern})\b", text):
            return Hour(name)
    return None


def _most(text: str, table: dict[str, str]) -> Place | None:
    named = {name: [m.group() for m in re.finditer(rf"\b(?:{pattern})\b", text)] for name, pattern in table.items()}
    counts = {name: sum(0.5 if re.fullmatch(_THINGS, word) else 1 for word in words) for name, words in named.items()}
    best = max(counts, key=lambda name: counts[name])
    return Place(best) if counts[best] else None


_THINGS = (
    r"cars?|taxis?|traffic|boats?|sail(?:s|ing)|surf(?:s|ing)|flowers|trees?|blossoms?|"
    r"picnic|home|house|inside|campfire|camp(?:ing|site)|bonfire"
)
"""What is found in one kind of place and may be in another: it says less than a place that is named."""

_PLACES = {
    "market": r"market(?:place)?s?|bazaars?|souk|stalls?|fair(?:ground)?|lantern-lit (?:market|street|alley)|festival",
    "forest": r"forests?|woods?|woodland|jungle|swamp|rainforest|grove|glade|(?<!palm )(?<!cherry )trees|enchanted wood|"
    r"campfire|camp(?:ing|site)|bonfire",
    "city": (
        r"city|cities|cityscape|streets?|downtown|skyline|skyscrapers?|urban|tokyo|new york|neon|cyberpunk|traffic|taxis?|cars?|"
        r"alley(?:way)?|avenue|sidewalk|crosswalk|roof(?:tops?)?|town|paris|london|berlin|rome|venice|bus stop|subway|"
        r"(?:train|railway) station|town square|plaza"
    ),
    "cliff": r"cliffs?(?:[- ]?(?:tops?|sides?|edges?))?|precipice|headland|promontory|(?:rocky|mountain) ledge",
    "beach": (
        r"beach(?:es)?|sea(?:side|shore)?|ocean|shore(?:line)?|coast(?:line)?|surf|lagoon|harbou?r|pier|island|tropical|cove|bay|surf(?:s|ing)|sail(?:s|ing)|"
        r"boats?|palm trees?|"
        r"(?:crashing|breaking|rolling|lapping) waves|the waves|waves (?:crash|break|roll|lap|wash)\w*"
    ),
    "mountains": (
        r"mountains?(?:[- ]?(?:tops?|sides?))?|peaks?|alps|alpine|ridge|summit|canyon|highlands?|waterfall|"
        r"valleys?|gorge|ravine|volcano(?:es)?|himalayas?|foothills"
    ),
    "desert": (
        r"deserts?|dunes?|sand-?storms?|dust[- ]storms?|sahara|cactus|cacti|oasis|mesa|savannahs?|savannas?|badlands|wasteland|pyramids?"
    ),
    "interior": (
        r"interior|rooms?|indoors?|inside|living room|bedroom|kitchen|caf[eé]|library|office|studio apartment|"
        r"house|home|cottage|fireplace|workshop|classroom|school|museum|restaurant|bathroom|palace|"
        r"hallway|corridor|lounge|attic|cabin|lobby|tavern|pub|(?:by|at|through|out of) (?:the|a|her|his|its) window"
    ),
    "meadow": (
        r"meadows?|(?<!snow )(?<!snowy )(?<!ice )fields?|grass(?:land|y)?|prairie|flowers|wildflowers|sunflowers?|daisies|tulips?|"
        r"poppies|garden|park|hills?|hillside|lawn|countryside|pasture|(?<!frozen )lake|"
        r"(?:corn|wheat) ?fields?|(?:back)?yard|picnic|(?:cherry )?blossoms?|cherry trees?|tree|"
        r"farm|orchard|vineyard|river(?:bank|side)?|brook|pond"
    ),
    "space": (
        r"space|outer space|moon surface|on the moon|lunar|mars|martian|planets?|galaxy|galaxies|asteroids?|"
        r"orbit(?:al)? station|cosmos|cosmic|starship|spaceship|nebula"
    ),
    "snow": (
        r"snow(?:y|field|-covered|scape|drifts?)?|arctic|tundra|glaciers?|ice(?: field)?|icy|frozen|winter(?: wonderland)?|"
        r"north pole|antarctic\w*|snowstorm|blizzard|icebergs?|igloos?|ski slope"
    ),
}

_HOURS = {
    "golden": r"golden[- ]hour|sunset|sundown|sun (?:goes|going) down|setting sun|golden light|warm evening light|late afternoon|low sun",
    "dawn": r"dawn|sunrise|sun (?:rises|rising|comes up)|rising sun|daybreak|first light|early morning|morning mist",
    "dusk": r"dusk|twilight|evening|gloaming|blue hour|nightfall",
    "night": r"night(?:s|time)?|midnight|moonlit|moonlight|starry|under the stars|after dark|nocturnal|neon|cyberpunk",
    "day": r"day(?:time|light)?|noon|midday|sunny|morning|afternoon|bright sun\w*|sunlit|sunlight",
}

_WEATHERS = {
    "storm": r"(?<!sand )(?<!sand-)(?<!dust )(?<!dust-)storm(?:s|y)?|thunder\w*|lightning|tempest",
    "rain": r"rain(?:s|y|ing|fall)?|drizzl\w+|downpour|wet street\w*|shower|pouring(?! (?:tea|coffee|water|milk|juice))|monsoon",
    "snow": r"snow(?:s|ing|fall|flakes?|ing)|falling snow|snowstorm|blizzard|light snow|adds? snow|snow falls|snow falling|with snow",
    "fog": r"fog(?:gy)?|mist(?:y|s)?|haz[ey]|smok(?:e|y)|sand-?storms?|dust[- ]storms?",
    "clear": r"clear sk(?:y|ies)|cloudless",
}

_MOVES = {
    "static": r"static|locked[- ](?:off|down)|tripod|still camera|fixed camera|camera (?:stays|is|holds|stands) still|no camera movement",
    "track_left": (
        r"(?:track|truck|doll|follow)\w*(?: shot)?(?: (?!from)\w+){0,2}? left|camera (?:moves|travels|slides)(?: (?!from)\w+){0,2}? left|"
        r"(?:track|follow)\w*(?: \w+){0,3} from right to left"
    ),
    "track": (
        r"track(?:s|ing)?(?: shot)?|follow(?:s|ing)?(?: shot)?|dolly(?:ing)? (?:alongside|right|sideways)|"
        r"travell?ing shot|side[- ]scroll\w*|trucking|camera (?:moves|travels|slides)(?: \w+){0,2}? right"
    ),
    "pan_left": r"pan(?:s|ning)?(?: \w+){0,3}? left",
    "pan_right": (
        r"pan(?:s|ning)?(?: shot| across| slowly| right| to the right| over)(?!(?: \w+){0,3}? left)|"
        r"(?<!frying )(?<!peter )(?<!\ba )(?<!the )pan(?:s|ning)?(?!(?: \w+){0,3}? left)"
    ),
    "tilt_down": r"tilt(?:s|ing)?(?: \w+){0,2}? down|camera (?:lowers|descends|looks down)|crane[- ]down",
    "tilt_up": r"tilt(?:s|ing)?(?: up| shot)?(?!(?: \w+){0,2}? down)|camera (?:looks up|rises)|crane(?:[- ]up| shot)",
    "push": (
        r"push(?:es|ing)?[- ]?in|dolly(?:ing)?[- ]in|zoom(?:s|ing)?(?:[- ]in)?(?![- ]out)|mov(?:es|ing) closer|"
        r"close(?:s|ing) in|slow push|camera (?:approaches|moves in|comes closer)"
    ),
    "pull": (
        r"pull(?:s|ing)?[- ]?(?:out|back|away)|dolly(?:ing)?[- ](?:out|back)|zoom(?:s|ing)?[- ]out|reveal(?:s|ing)?|"
        r"camera (?:backs|moves) (?:away|back)"
    ),
    "orbit": r"(?<!in )orbit(?:s|ing)?(?: shot| around)?|arc(?:s|ing)? (?:shot|around)|circl(?:es|ing) (?:around|the)|360|parallax",
    "handheld": r"hand-?held|shaky|documentary[- ]style|found footage",
}

_ACTIONS = {
    "towards": (
        r"(?:towards?|approach\w*|up to|closer to) (?:the )?(?:camera|viewer|us|lens)|approaches|"
        r"(?:comes?|coming|gets?|walks?|draws?) (?:closer|nearer)(?! to)"
    ),
    "away": r"away from (?:the )?(?:camera|viewer|us)|into the distance|walks away|walking away",
    "run": (
        r"run(?:s|ning)?|jog(?:s|ging)|play(?:s|ing) (?:football|soccer|basketball|tag)|"
        r"skat(?:es|ing)|skateboard(?:s|ing)|rid(?:es|ing)|cycl(?:es|ing)|ski(?:s|ing)|snowboard(?:s|ing)|"
        r"sprint\w*|dash(?:es|ing)?|race[sd]?|racing|chas\w+|gallop\w*|rush\w*|hurr\w+"
    ),
    "walk": (
        r"walk(?:s|ing)?|stroll\w*|weav(?:es|ing)|wander\w*|hik(?:es|ing)|explor\w+|march\w*|stepp?(?:s|ing)?|"
        r"steps|travel(?:s|ling|ing)|mov(?:es|ing) through|trek\w*|tiptoe\w*|(?<!camera )follows|sneak\w*|creep(?:s|ing)|saunter\w*|"
        r"climb\w*|(?:heads|heading|goes|going) (?:to|into|in|through|along|across|towards?)|cross(?:es|ing) (?:the|a)"
    ),
    "jump": r"jump\w*|leap(?:s|ing)?|hop(?:s|ping)?|bounc\w+|skip(?:s|ping)?|bound(?:s|ing)",
    "dance": r"danc\w+|twirl\w*|groov\w+|sway\w*|celebrat\w+|spin(?:s|ning) happily|boogie\w*",
    "fly": r"fl(?:y|ies|ying)|hover\w*|float\w*|glid\w+|soar\w*|levitat\w+|drift(?:s|ing) through|swim(?:s|ming)|surf(?:s|ing)",
    "wave": r"wav(?:e|es|ing) (?:at|to|hello|goodbye|its|his|her|a)|waves?|waving|greet\w*|say(?:s|ing) (?:hello|hi|goodbye|bye)",
    "turn": r"turn(?:s|ing)?(?: around)?|spin(?:s|ning)?|rotat\w+|looks? around|looking around",
    "sit": (
        r"sit(?:s|ting)?|seated|takes? a seat|kneel\w*|crouch\w*|naps?|napping|lies (?:down|on|in)|lying|"
        r"rest(?:s|ing)|sleep\w*|relax\w*|meditat\w+|stands? still|reading|reads"
    ),
}

_DENIED = r"\b(?:no|without|remove|removes|stop|less|never|not)\s(?:the |any |more |all |falling )*\w+"
_REPLACED = (
    r"\b(?:turn|change|replace|transform|swap|switch)\w*\s(?:[\w-]+\s){1,4}?(?:into|to|with|by|for)\b|"
    r"\b(?:instead of|rather than)\s(?:the |an? )?\w+"
)
_WINTRY = r"\b(?:snow(?:y|-covered)?(?![- ]?(?:capp|top|peak))|wint(?:er|ry|ery)(?! (?:coat|jacket|hat|boots|scarf|clothes))|snowed)\b"

_EXTRAS = {
    "fireflies": (
        r"stardust|(?:fairy|pixie|magic) dust|(?:add|adds|with|magical?) sparkles|"
        r"fireflies|firefly|glow(?:ing)? (?:bugs|orbs|insects)|fairy lights|glowing flowers|magical?|enchanted"
    ),
    "lanterns": r"lanterns?(?:-lit)?|paper lights?",
    "leaves": r"(?:falling |autumn |swirling )leaves|autumn|fall foliage",
    "petals": r"petals|cherry blossoms?|blossoms?|sakura|confetti",
    "birds": r"birds?|seagulls?|gulls?",
    "stars": r"stars|starry|milky way",
    "embers": r"embers?|sparks?|campfire|bonfire|fire",
    "bubbles": r"bubbles?|underwater",
    "glow": r"glow(?:s|ing)?|aura|radiant|halo|shimmer\w*",
    "wind": r"wind(?:y|s)?|breez\w+|gust\w*",
    "neon": r"neon|cyberpunk|synthwave",
}

_TINTS = {
    **dict.fromkeys(("blue", "bluish", "cyan", "icy", "cool", "teal", "cold", "moonlit"), "blue"),
    **dict.fromkeys(("green", "greenish", "emerald"), "green"),
    **dict.fromkeys(("red", "crimson", "fiery", "scarlet"), "red"),
    **dict.fromkeys(("pink", "rosy", "rose"), "pink"),
    **dict.fromkeys(("purple", "violet", "magenta"), "purple"),
    **dict.fromkeys(("white", "silver", "silvery", "bright", "pale"), "white"),
}
_AURA = (
    r"\b((?:\w+\s){0,3})(?:glow(?:s|ing)?(?! (?:flowers?|lanterns?|lights?|lamps?|windows?|mushrooms?|bugs|insects|orbs|signs?))|"
    r"auras?|halos?|shimmer\w*|rim light|light (?=around|about))\b"
)

_GRADES = {
    "warm": r"warm(?:er|ly)?|orange|amber|cosy|cozy|autumn(?:al)?(?: colou?rs?)?",
    "cool": r"cool(?:er)?|cold(?:er)?|blue(?:ish)?|teal|icy|blue hour|blues|underwater",
    "dark": (
        r"dark(?:er|en)?|dim(?:mer)?|moody|noir|shadowy|less bright|"
        r"spooky|eerie|horror|creepy|gloomy|ominous|scary|haunted|sinister|somb(?:er|re)|mysterious"
    ),
    "bright": r"(?<!less )bright(?:er|en)?|lighter|high[- ]key|airy|cheerful|joyful|happ(?:y|ier)",
    "mono": r"black[- ]and[- ]white|monochrome|grayscale|greyscale|b&w|noir|without colou?rs?",
    "sepia": r"sepia|vintage|(?:old|silent) (?:film|movie)|19[0-4]0s",
    "vivid": r"vivid|vibrant|(?<!less )saturated|(?<!less )colou?rful|pop art",
    "pastel": r"pastels?",
    "muted": r"muted|desaturated?|faded|washed[- ]out|less (?:saturated|colou?rful|colou?r)|melanchol\w+|sad(?:der)?|bleak",
    "pink": r"pink(?:s|ish)?|rosy|romantic",
    "purple": r"purples?|violet|magenta|lavender",
    "dramatic": r"dramatic|contrast(?:y)?|cinematic",
    "neon": r"neon|cyberpunk|synthwave",
    "dreamy": r"dreamy|soft(?:er)? light|ethereal|magical|fairy[- ]?tale|peaceful|serene|tranquil",
    "red": r"red(?:s|dish)?|crimson|scarlet",
    "green": r"green(?:er|s|ish)?|emerald",
}


def auras_in(prompt: str) -> tuple[str, ...]:
    """The light around the cast that an edit asks for: `aura:` and its colour."""
    before = [match.group(1).split() for match in re.finditer(_AURA, flat(prompt))]
    tints = [next((_TINTS[word] for word in words if word in _TINTS), "gold") for words in before]
    return tuple(dict.fromkeys(f"aura:{tint}" for tint in tints))


def without_auras(prompt: str) -> str:
    """The prompt without the colours that belong to an aura and not to the scene."""
    return re.sub(_AURA, lambda m: " ".join(w for w in m.group(1).split() if w not in _TINTS) + " glow ", flat(prompt))


def read_grades(prompt: str) -> tuple[str, ...]:
    """The looks a prompt names, in the order of its words."""
    return tuple(_found(flat(prompt), _GRADES))
