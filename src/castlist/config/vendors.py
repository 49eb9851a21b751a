"""What the catalogue and the environment say of entries: limits and ends of models, usual keys, and what a key offers by itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from castlist import catalogue
from castlist.config.document import Node, plain
from castlist.config.identity import name_account, name_deployment
from castlist.config.reading import REFERENCE, Reading, Text, nearest, split_address
from castlist.config.settings import ModelEntry, OnRetired, Secret
from castlist.model.entries import Entry

Overrides = Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known while entries are read: provider names of this installation, the day, what holds for all entries, models that serve
    in another's place by its name, and what the file says of the catalogue by PROVIDER/MODEL."""

    providers: Collection[str]
    today: date
    on_retired: OnRetired = OnRetired.ANIMATIC
    fallback: tuple[str, ...] = ()
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    overrides: Overrides = field(default_factory=dict)


def read_overrides(reading: Reading, node: Node, providers: Collection[str]) -> Overrides:
    """What `castlist.catalogue` says, over what the catalogue says itself."""
    found: dict[str, Entry] = {}
    for name, item in reading.mapping(node, "catalogue").items():
        provider, slash, model = name.partition("/")
        if not slash or not model:
            reading.wrong(item.line, f"catalogue: {name!r} is no PROVIDER/MODEL, such as gemini/gemini-omni-1.2-flash")
            continue
        if provider not in {*providers, *catalogue.list_vendors()}:
            close = nearest(provider, providers)
            hint = f"did you mean {close!r}?" if close else f"this installation has: {', '.join(sorted(providers))}"
            reading.wrong(item.line, f"catalogue: unknown provider {provider!r} in {name!r}; {hint}")
            continue
        raw = {key: plain(value) for key, value in reading.mapping(item, name).items()}
        try:
            entry = catalogue.read_entry(provider, model, raw, base=catalogue.find(provider, model))
        except ValueError as error:
            reading.wrong(item.line, f"catalogue: {name}: {error}")
        else:
            found[name] = entry if "source" in raw else replace(entry, source="the configuration")
    return found


def has_key(environ: Mapping[str, str]) -> bool:
    """Whether the usual variable of any vendor is set."""
    return any(environ.get(vendor.variable) for vendor in catalogue.list_vendors().values())


def find_base(reading: Reading, provider: str) -> Text | None:
    """Another address for a vendor's API, from its usual variables."""
    vendor = catalogue.list_vendors().get(provider)
    for name in vendor.base_variables if vendor else ():
        value = reading.environ.get(name)
        if value:
            return Text(value.rstrip("/"), name, 0, f"{REFERENCE}{name}")
    return None


def find_key(reading: Reading, provider: str, base: Text | None) -> Text | None:
    """A vendor's key from its usual variable: for its own hosts, and for an address that its usual variables name."""
    vendor = catalogue.list_vendors().get(provider)
    if vendor is None or not (is_home(provider, base) or (base is not None and base.variable in vendor.base_variables)):
        return None
    value = reading.environ.get(vendor.variable)
    return Text(value, vendor.variable, 0, f"{REFERENCE}{vendor.variable}") if value else None


def is_home(provider: str, base: Text | None) -> bool:
    """Whether requests go to the vendor's own host."""
    vendor = catalogue.list_vendors().get(provider)
    if vendor is None:
        return False
    return base is None or bool(base.value and vendor.owns(split_address(base.value).hostname or ""))


def is_listed(provider: str, model: str, known: Known) -> bool:
    """Whether the catalogue or the file knows the model by its name, so that it makes videos whatever its name sounds like."""
    entry = catalogue.find(provider, model)
    return f"{provider}/{model}" in known.overrides or bool(entry and entry.listed)


def look_up(provider: str, names: Sequence[str], base: Text | None, known: Known) -> Entry | None:
    """What is known of a model that goes by these names, the first one in the catalogue first. Nothing is known of a server that only
    speaks a vendor's API, unless the file says it."""
    plain_names = [name.removeprefix(f"{provider}/") for name in names]
    said = next((known.overrides[f"{provider}/{name}"] for name in plain_names if f"{provider}/{name}" in known.overrides), None)
    vendor = catalogue.list_vendors().get(provider)
    if said is not None or vendor is None or (vendor.only_home and not is_home(provider, base)):
        return said
    found = [entry for name in plain_names if (entry := catalogue.find(provider, name))]
    return next((entry for entry in found if entry.listed), found[0] if found else None)


def offer_models(reading: Reading, taken: Collection[str], known: Known) -> tuple[ModelEntry, ...]:
    """The living models of each vendor whose key is in the environment, under their own names; one that is taken is offered as
    PROVIDER/MODEL, so that a key never takes over what a name has meant before."""
    found: list[ModelEntry] = []
    names = set(taken)
    for provider in catalogue.list_vendors():
        base = find_base(reading, provider)
        key = find_key(reading, provider, base)
        if key is None or provider not in known.providers:
            continue
        for entry in _living(provider, known):
            name = entry.model if entry.model not in names else f"{provider}/{entry.model}"
            names.add(name)
            found.append(
                ModelEntry(
                    name,
                    provider,
                    entry.model,
                    id=name_deployment(provider, entry.model, base),
                    account=name_account(provider, base, key),
                    api_base=base.value if base else None,
                    api_key=Secret(key.value or ""),
                    key_name=key.variable,
                    known=entry,
                    leaving=is_home(provider, base) and entry.is_leaving(known.today),
                )
            )
    return tuple(found)


def _living(provider: str, known: Known) -> Sequence[Entry]:
    listed = {entry.model: entry for entry in catalogue.list_entries(provider)}
    said = {entry.model: entry for entry in known.overrides.values() if entry.provider == provider}
    return [entry for entry in {**listed, **said}.values() if not entry.is_retired(known.today)]


def replace_retired(reading: Reading, entries: Sequence[ModelEntry], *, known: Known) -> list[ModelEntry]:
    """The entries, each one whose vendor has shut it down with the living deployments that serve in its place."""
    names = {entry.name for entry in entries}
    for entry in entries:
        if entry.fallback not in (known.fallback, known.fallbacks.get(entry.name)):
            check_names(reading, entry.fallback, names, line=entry.line)
    return [
        replace(entry, replacements=tuple(dict.fromkeys(_find_living(entry, entries, seen={entry.name})))) if entry.retired_on else entry
        for entry in entries
    ]


def check_names(reading: Reading, wanted: Sequence[str], names: Collection[str], *, line: int) -> None:
    """Records a fallback that is no model of the file's."""
    for name in wanted:
        if name not in names:
            close = nearest(name, names)
            hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(sorted(names))}"
            reading.wrong(line, f"fallback: there is no model {name!r} here; {hint}")


def _find_living(entry: ModelEntry, entries: Sequence[ModelEntry], *, seen: set[str]) -> list[str]:
    found: list[str] = []
    for other in (each for name in entry.fallback if name not in seen for each in entries if each.name == name):
        if other.retired_on:
            found += _find_living(other, entries, seen={*seen, other.name})
        elif other.unavailable is None:
            found.append(other.id)
    return found
