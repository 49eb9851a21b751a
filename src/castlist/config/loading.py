"""Reads a configuration file, or none, into settings; the only reader of the environment."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from importlib.metadata import entry_points
from pathlib import Path

import platformdirs

from castlist.config import document, names, options
from castlist.config.deployments import builtin, read_models
from castlist.config.document import Node
from castlist.config.places import read_place
from castlist.config.reach import read_database_url, read_network, read_public_base_url, read_served
from castlist.config.reading import Reading
from castlist.config.routes import SECTIONS as ROUTER_SECTIONS
from castlist.config.routes import find_aliases, read_rules
from castlist.config.settings import (
    ClientSettings,
    Limits,
    ModelEntry,
    OnRetired,
    Overrides,
    ProjectKeys,
    PromptName,
    Secret,
    Settings,
)
from castlist.config.troubles import read_troubles
from castlist.config.vendors import Known, check_names, has_key, offer_models, read_overrides
from castlist.config.webhooks import read_webhooks
from castlist.errors import ConfigError

MIB = 1024 * 1024
PROVIDERS = ("animatic", "fake", "openai")
GROUP = "castlist.providers"
NOTHING = Node({}, 0)
UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around the file: providers of this installation, the folder it lies in, the day, and the environment's data folder."""

    providers: Collection[str]
    folder: Path
    today: date
    data: Path


def load(
    path: Path | None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Overrides | None = None,
    providers: Collection[str] | None = None,
    today: date | None = None,
    text: str | None = None,
) -> Settings:
    """The settings of `path`, or those of a gateway without a file; of `text` where that is given, for which `path` then stands. Raises
    ConfigError with every mistake at once, each with its line.

    `overrides` win over the file, the file over the environment (`CASTLIST_DATA`, `_DATABASE_URL`, `_ASSETS`). `providers` are the names
    of this installation's, which are looked up when they are not given.
    """
    given = dict(os.environ if environ is None else environ)
    text = text if text is not None or path is None else _read(path)

    def on_day(day: date) -> Settings:
        found = _load(text, path, environ=given, today=day, providers=providers)
        return _overridden(replace(found, on_day=on_day), overrides)

    return on_day(today or datetime.now(UTC).date())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError([(0, f"cannot be read: {reason}")], source=str(path)) from error


def _load(text: str | None, path: Path | None, *, environ: Mapping[str, str], today: date, providers: Collection[str] | None) -> Settings:
    data = data_folder(environ=environ)
    if path is None or text is None:
        # Looking at what is installed takes longer than all the rest, and no provider but ours is named without a file.
        found = (_installed() if has_key(environ) else PROVIDERS) if providers is None else providers
        reading = Reading(environ)
        settings = _settings(reading, NOTHING, Surroundings(found, Path(), today, data))
        if reading.mistakes:
            raise ConfigError(reading.mistakes, source="the environment")
        return replace(settings, source="built-in defaults")
    top, mistakes = document.read(text, source=str(path))
    reading = Reading(environ)
    reading.mistakes.extend(mistakes)
    settings = _settings(reading, top, Surroundings(_installed() if providers is None else providers, path.resolve().parent, today, data))
    if reading.mistakes:
        raise ConfigError(sorted(reading.mistakes), source=str(path))
    return replace(settings, source=str(path), warnings=_warnings(reading))


def _installed() -> Collection[str]:
    return {*PROVIDERS, *(entry.name for entry in entry_points(group=GROUP))}


def data_folder(*, environ: Mapping[str, str] | None = None) -> Path:
    """`CASTLIST_DATA`, else the platform's user data folder."""
    environ = os.environ if environ is None else environ
    named = environ.get("CASTLIST_DATA")
    return Path(named).expanduser() if named else platformdirs.user_data_path("castlist", appauthor=False)


def config_path(*, environ: Mapping[str, str] | None = None) -> Path | None:
    """The file `CASTLIST_CONFIG` names, if it names one."""
    named = (os.environ if environ is None else environ).get("CASTLIST_CONFIG")
    return Path(named).expanduser() if named else None


def client_settings(*, environ: Mapping[str, str] | None = None) -> ClientSettings:
    """What `CASTLIST_BASE_URL`, `CASTLIST_API_KEY` and `CASTLIST_DATA` tell a client."""
    environ = os.environ if environ is None else environ
    key = environ.get("CASTLIST_API_KEY")
    return ClientSettings(environ.get("CASTLIST_BASE_URL") or None, Secret(key) if key else None, data_folder(environ=environ))


def _settings(reading: Reading, top: Node, around: Surroundings) -> Settings:
    sections = reading.mapping(top, "the configuration")
    for name, node in sections.items():
        if name in {"model_list", "general_settings", "castlist", "environment_variables", *ROUTER_SECTIONS}:
            continue
        if name in names.SECTIONS:
            reading.ignore(node.line, name)
        else:
            reading.unknown(node.line, name, {"castlist", *names.SECTIONS}, where="the configuration")
    _overlay_environment(reading, sections.get("environment_variables", NOTHING))
    ours = reading.mapping(sections.get("castlist", NOTHING), "castlist")
    for name, node in ours.items():
        if name not in options.NAMES:
            reading.unknown(node.line, name, options.NAMES, where="castlist")
    known = _known(reading, ours, around, fallbacks=_fallbacks(sections))
    models = _models(reading, sections, known)
    check_names(reading, known.fallback, {entry.name for entry in models}, line=ours["fallback"].line if "fallback" in ours else 0)
    master_key = _master_key(reading, sections.get("general_settings", NOTHING))
    projects = _projects(reading, ours, master_key)
    settings = Settings("", models, _data(reading, ours, around), on_retired=known.on_retired, limits=_limits(reading, ours))
    return replace(
        settings,
        host=_text(reading, ours, "host") or settings.host,
        port=reading.integer(ours.get("port"), "port", low=1, high=65535) or settings.port,
        no_auth=bool(reading.flag(ours.get("no_auth"), "no_auth")),
        master_key=master_key,
        projects=projects,
        prompt_name=reading.word(ours.get("prompt_name"), "prompt_name", PromptName) or settings.prompt_name,
        max_spend_per_day=_max_spend(reading, ours, settings.max_spend_per_day),
        catalogue=known.overrides,
        rules=read_rules(reading, sections, {entry.name for entry in models}),
        public_base_url=read_public_base_url(reading, _section(reading, ours, "media").get("public_base_url")),
        served=read_served(reading, _section(reading, ours, "server")),
        database_url=read_database_url(reading, ours.get("database_url")),
        place=read_place(reading, ours.get("assets"), _section(reading, ours, "assets_options")),
        keep_days=reading.integer(ours.get("keep_days"), "keep_days", low=1, high=36_500),
        troubles=read_troubles(reading, _section(reading, ours, "jobs")),
        network=read_network(reading, _section(reading, ours, "network"), around.folder),
        webhooks=read_webhooks(reading, ours.get("webhooks"), projects={"default", *(each.name for each in projects)}),
    )


def _known(reading: Reading, ours: Mapping[str, Node], around: Surroundings, *, fallbacks: Mapping[str, tuple[str, ...]]) -> Known:
    return Known(
        around.providers,
        around.today,
        reading.word(ours.get("on_retired"), "on_retired", OnRetired) or OnRetired.ANIMATIC,
        reading.texts(ours.get("fallback"), "fallback"),
        fallbacks,
        read_overrides(reading, ours.get("catalogue", NOTHING), around.providers),
    )


def _models(reading: Reading, sections: Mapping[str, Node], known: Known) -> tuple[ModelEntry, ...]:
    if "model_list" in sections:
        return read_models(reading, sections["model_list"], known)
    ours = builtin()
    return (*ours, *offer_models(reading, [entry.name for entry in ours], known))


def _fallbacks(sections: Mapping[str, Node]) -> Mapping[str, tuple[str, ...]]:
    """LiteLLM's `fallbacks`, a list of {name: [names]}: here they say what serves in place of a model that was shut down."""
    found: dict[str, tuple[str, ...]] = {}
    aliases = find_aliases(sections)
    for section in ROUTER_SECTIONS:
        joined: dict[str, tuple[str, ...]] = {}
        for item in sections.get(section, NOTHING).entries.get("fallbacks", NOTHING).items:
            for name, others in item.entries.items():
                model = aliases.get(name, name)
                named = [aliases.get(other.value, other.value) for other in others.items if isinstance(other.value, str)]
                joined[model] = tuple(dict.fromkeys((*joined.get(model, ()), *named)))
        found |= joined
    return found


def _max_spend(reading: Reading, ours: Mapping[str, Node], standard: int | None) -> int | None:
    """Millionths of a US dollar; None for `unlimited`."""
    node = ours.get("max_spend_per_day")
    if node is not None and node.value == UNLIMITED:
        return None
    number = reading.number(node, f"max_spend_per_day (in US dollars, or {UNLIMITED})")
    return standard if number is None else round(number * 1_000_000)


def _overlay_environment(reading: Reading, node: Node) -> None:
    """Takes LiteLLM's `environment_variables` as if they were set."""
    found = reading.mapping(node, "environment_variables")
    reading.environ = {**reading.environ, **{name: str(value.value) for name, value in found.items() if value.value is not None}}


def _master_key(reading: Reading, node: Node) -> Secret | None:
    general = reading.mapping(node, "general_settings")
    for name, value in general.items():
        if name == "master_key":
            continue
        if name in names.GENERAL or not any(part in name for part in ("master", "key")):
            reading.ignore(value.line, f"general_settings.{name}")
        else:
            reading.unknown(value.line, name, names.GENERAL, where="general_settings")
    return reading.key(general.get("master_key"), "master_key")


def _text(reading: Reading, fields: Mapping[str, Node], name: str) -> str | None:
    text = reading.text(fields.get(name), name)
    if text is not None and text.value is None:
        reading.wrong(text.line, f"{name} is to come from the environment variable {text.variable}, which is not set")
    return text.value if text is not None else None


def _data(reading: Reading, ours: Mapping[str, Node], around: Surroundings) -> Path:
    named = _text(reading, ours, "data")
    return around.folder / Path(named).expanduser() if named else around.data


def _section(reading: Reading, ours: Mapping[str, Node], section: str) -> Mapping[str, Node]:
    fields = reading.mapping(ours.get(section, NOTHING), section)
    known = options.within(section)
    for name, node in fields.items():
        if name not in known:
            reading.unknown(node.line, name, known, where=f"castlist.{section}")
    return fields


def _limits(reading: Reading, ours: Mapping[str, Node]) -> Limits:
    fields = _section(reading, ours, "limits")
    known = options.within("limits")
    given = {name: reading.integer(fields.get(name), f"limits.{name}", low=0 if name == "reserve_mib" else 1) for name in known}
    standard = Limits()
    return Limits(
        reserve_bytes=standard.reserve_bytes if given["reserve_mib"] is None else given["reserve_mib"] * MIB,
        upload_bytes=standard.upload_bytes if given["upload_mib"] is None else given["upload_mib"] * MIB,
        renders=given["renders"] or standard.renders,
        derivations=given["derivations"] or standard.derivations,
    )


def _projects(reading: Reading, ours: Mapping[str, Node], master_key: Secret | None) -> tuple[ProjectKeys, ...]:
    found: dict[str, ProjectKeys] = {}
    owners: dict[Secret, str] = {master_key: "default, as the master key"} if master_key else {}
    for item in reading.listing(ours["projects"], "projects") if "projects" in ours else []:
        project = _project(reading, item)
        if project is None:
            continue
        if project.name in found:
            reading.wrong(item.line, f"the project {project.name!r} is given twice")
        for key in project.keys:
            if owners.setdefault(key, project.name) != project.name:
                reading.wrong(item.line, f"a key of the project {project.name!r} opens {owners[key]} already; a key has one project")
        found[project.name] = project
    return tuple(found.values())


def _project(reading: Reading, item: Node) -> ProjectKeys | None:
    fields = reading.mapping(item, "a project")
    for name, node in fields.items():
        if name not in {"name", "keys"}:
            reading.unknown(node.line, name, ("name", "keys"), where="a project")
    named = _text(reading, fields, "name")
    keys = [reading.key(key, "a key") for key in reading.listing(fields["keys"], "keys")] if "keys" in fields else []
    if named is None or not keys:
        reading.wrong(item.line, "a project needs a name and at least one key")
        return None
    return ProjectKeys(named, tuple(key for key in keys if key is not None))


def _warnings(reading: Reading) -> tuple[str, ...]:
    """One sentence for all that LiteLLM has and we do not, then one for each deployment that cannot be used."""
    if not reading.ignored:
        return tuple(reading.warnings)
    listed = ", ".join(f"{what} (line {line})" for line, what in sorted(reading.ignored))
    return (f"not used here: {listed}", *reading.warnings)


def _overridden(settings: Settings, overrides: Overrides | None) -> Settings:
    if overrides is None:
        return settings
    return replace(
        settings,
        data=overrides.data or settings.data,
        host=overrides.host or settings.host,
        port=settings.port if overrides.port is None else overrides.port,
        no_auth=settings.no_auth if overrides.no_auth is None else overrides.no_auth,
    )
