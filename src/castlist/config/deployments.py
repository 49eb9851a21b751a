"""Entries of `model_list` as deployments: what serves each, under which id and account, and why one cannot be used."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from castlist.catalogue import list_vendors
from castlist.config import names
from castlist.config.document import Node, plain
from castlist.config.identity import name_account, name_deployment
from castlist.config.reading import Reading, Text, nearest, split_address
from castlist.config.routes import read_timeout
from castlist.config.settings import ModelEntry, OnRetired, Secret
from castlist.config.vendors import Known, find_base, find_key, is_home, is_listed, look_up, replace_retired
from castlist.model.entries import Entry
from castlist.model.vendors import VIDEO_PROVIDERS

SECRETS = frozenset({"webhook_secret"})
"""Provider settings that are kept secret, and may come from a variable."""

ENTRY = ("model_name", "litellm_params", "model_info", "account", "on_retired", "fallback", "settings")
PARAMS = (
    "model", "api_key", "api_base", "base_url", "custom_llm_provider", "weight", "order", "rpm", "max_parallel_requests",
    "timeout", "num_retries", "output_cost_per_second", "output_cost_per_video_per_second",
)  # fmt: skip


def builtin() -> tuple[ModelEntry, ...]:
    """The models of a gateway without a configuration: all on the embedded renderer."""
    names_ = ("animatic", "sora-2", "sora-2-pro")
    return tuple(ModelEntry(name, "animatic", "animatic", id=name, account="animatic") for name in names_)


def read_models(reading: Reading, node: Node, known: Known) -> tuple[ModelEntry, ...]:
    """The video deployments of `model_list`, in order; chat models are passed over and noted."""
    entries = [_entry(reading, item, known) for item in reading.listing(node, "model_list")]
    found = _identified(reading, [entry for entry in entries if entry is not None], known)
    _check_accounts(reading, found)
    if not found and not reading.mistakes:
        reading.wrong(
            node.line, "model_list has no video model; leave it out to have animatic, sora-2 and sora-2-pro on the embedded renderer"
        )
    return found


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry on its way, with what its name and state depend on: the texts of key and address, and whether it was given an id."""

    entry: ModelEntry
    key: Text | None = None
    base: Text | None = None
    named: bool = False


def _entry(reading: Reading, item: Node, known: Known) -> Draft | None:
    if item.value is not None and not isinstance(item.value, dict):
        reading.wrong(item.line, f"an entry of model_list must be a mapping, not {item.kind}")
        return None
    fields = reading.mapping(item, "an entry of model_list")
    for key, value in fields.items():
        if key not in ENTRY:
            reading.unknown(value.line, key, ENTRY, where="an entry of model_list")
    name = reading.text(fields.get("model_name"), "model_name")
    if "model_name" not in fields:
        reading.wrong(item.line, "an entry of model_list needs a model_name: what callers ask for")
    if "litellm_params" not in fields:
        reading.wrong(item.line, "an entry of model_list needs litellm_params with a model, such as animatic/animatic or openai/sora-2")
        return None
    params = reading.mapping(fields["litellm_params"], "litellm_params")
    info = reading.mapping(fields["model_info"], "model_info") if "model_info" in fields else {}
    where = _target(reading, params, fields["litellm_params"].line, known)
    if name is None or name.value is None or where is None:
        _check_params(reading, params)
        return None
    provider, model = where
    mode = plain(info["mode"]) if "mode" in info else None
    base = f"{model} {plain(info['base_model'])}" if "base_model" in info else model
    makes_videos = names.makes_videos(provider, base, mode=mode if isinstance(mode, str) else None)
    if "*" in model + name.value or not (makes_videos or (mode is None and is_listed(provider, model, known))):
        # Its name does not tell what a server of one's own makes.
        hint = ", which would be with model_info: {mode: video_generation}" if mode is None and provider == "hosted_vllm" else ""
        reading.ignore(item.line, f"model {name.value} ({provider}/{model}{hint})")
        return None
    _check_params(reading, params)
    draft = Draft(ModelEntry(name.value, provider, model, id="", account="", line=item.line))
    own_base = _api_base(reading, params) or find_base(reading, provider)
    own_key = reading.text(params.get("api_key"), "api_key") or (find_key(reading, provider, own_base) if "api_key" not in params else None)
    draft = replace(draft, key=own_key, base=own_base)
    draft = replace(draft, entry=_aged(draft, look_up(provider, base.split(), draft.base, known), known))
    return _filled(reading, draft, fields, known)


def _aged(draft: Draft, found: Entry | None, known: Known) -> ModelEntry:
    """The entry with what is known of its model, and whether its vendor has shut it down on its own host, or is about to."""
    if found is None or not is_home(draft.entry.provider, draft.base):
        return replace(draft.entry, known=found)
    retired = found.sunset if found.is_retired(known.today) else None
    return replace(draft.entry, known=found, retired_on=retired, leaving=found.is_leaving(known.today))


def _target(reading: Reading, params: Mapping[str, Node], line: int, known: Known) -> tuple[str, str] | None:
    """(provider, the provider's own model name), or None after noting the mistake."""
    if "model" not in params:
        reading.wrong(line, "litellm_params needs a model, such as animatic/animatic or openai/sora-2")
        return None
    text = reading.text(params["model"], "model")
    if text is None or text.value is None:
        return None
    named = reading.text(params.get("custom_llm_provider"), "custom_llm_provider")
    prefix, slash, rest = text.value.partition("/")
    if named is not None and named.value is not None:
        provider, model = named.value, rest if slash and prefix == named.value else text.value
    elif slash:
        provider, model = prefix, rest
    elif text.value in known.providers:
        provider, model = text.value, text.value
    else:
        provider, model = "openai", text.value
    everybody = frozenset(known.providers) | VIDEO_PROVIDERS | names.CHAT_PROVIDERS
    if provider not in everybody:
        close = nearest(provider, known.providers) or nearest(provider, everybody)
        hint = f"did you mean {close!r}?" if close else f"this installation has: {', '.join(sorted(known.providers))}"
        reading.wrong(text.line, f"unknown provider {provider!r} in model {text.value!r}; {hint}")
        return None
    return provider, model


def _check_params(reading: Reading, params: Mapping[str, Node]) -> None:
    for key, value in params.items():
        if key in PARAMS:
            continue
        if key in names.PARAMS:
            reading.ignore(value.line, f"litellm_params.{key}")
        elif close := nearest(key, PARAMS, cutoff=0.75):
            reading.wrong(value.line, f"unknown setting {key!r} in litellm_params; did you mean {close!r}?")
        else:
            reading.ignore(value.line, f"litellm_params.{key}")


def _filled(reading: Reading, draft: Draft, fields: Mapping[str, Node], known: Known) -> Draft:
    """The draft with id, account, limits and provider settings."""
    params, info = fields["litellm_params"].entries, fields["model_info"].entries if "model_info" in fields else {}
    key, base = draft.key, draft.base
    account = reading.text(fields.get("account"), "account")
    own_id = info["id"].value if "id" in info else None
    cost = reading.number(params.get("output_cost_per_second") or params.get("output_cost_per_video_per_second"), "output_cost_per_second")
    entry = replace(
        draft.entry,
        id=str(own_id) if own_id else name_deployment(draft.entry.provider, draft.entry.provider_model, base),
        account=account.value if account and account.value else name_account(draft.entry.provider, base, key),
        api_base=base.value if base else None,
        api_key=Secret(key.value) if key and key.value else None,
        key_name=key.variable if key else None,
        on_retired=reading.word(fields.get("on_retired"), "on_retired", OnRetired) or known.on_retired,
        fallback=reading.texts(fields.get("fallback"), "fallback") or known.fallbacks.get(draft.entry.name, known.fallback),
        weight=reading.number(params.get("weight"), "weight"),
        order=reading.integer(params.get("order"), "order", low=0),
        rpm=reading.integer(params.get("rpm"), "rpm", low=1),
        max_parallel_requests=reading.integer(params.get("max_parallel_requests"), "max_parallel_requests", low=1),
        timeout=read_timeout(reading, params.get("timeout")),
        num_retries=reading.integer(params.get("num_retries"), "num_retries"),
        micros_per_second=None if cost is None else round(cost * 1_000_000),
        settings=_settings(reading, fields["settings"]) if "settings" in fields else {},
    )
    return replace(draft, entry=entry, named=bool(own_id))


def _settings(reading: Reading, node: Node) -> Mapping[str, object]:
    named = reading.mapping(node, "settings")
    return {name: reading.key(value, name) if name in SECRETS else plain(value) for name, value in named.items()}


def _reason(draft: Draft, known: Known) -> str | None:
    """Why the entry cannot be used, if there is a reason."""
    entry = draft.entry
    unset = [text.variable for text in (draft.key, draft.base) if text is not None and text.value is None]
    if entry.retired_on is not None:
        return None
    if entry.provider not in known.providers:
        return f"this installation has no provider {entry.provider} (it has {', '.join(sorted(known.providers))})"
    if unset:
        return f"the environment variable {' and '.join(map(str, unset))} is not set"
    vendor = list_vendors().get(entry.provider)
    if vendor is not None and entry.api_key is None and entry.api_base is None:
        return f"{entry.provider} needs an api_key, or the environment variable {vendor.variable}"
    return None


def _api_base(reading: Reading, params: Mapping[str, Node]) -> Text | None:
    base = reading.text(params.get("api_base") or params.get("base_url"), "api_base")
    if base is None or base.value is None:
        return base
    parts = split_address(base.value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        reading.wrong(base.line, f"api_base must be an http or https address, not {base.value!r}")
    elif parts.username or parts.password or parts.query:
        reading.wrong(base.line, "api_base must hold no user, password or query; the key goes into api_key")
    return replace(base, value=base.value.rstrip("/"))


def _identified(reading: Reading, drafts: Sequence[Draft], known: Known) -> tuple[ModelEntry, ...]:
    """The entries with `#n` on twins that were given no id, and the reason where one cannot be used; an id given twice is a mistake."""
    given = Counter(draft.entry.id for draft in drafts if draft.named)
    taken = set(given)
    found: list[ModelEntry] = []
    for draft in drafts:
        entry = draft.entry
        if draft.named:
            given[entry.id] -= 1
            if given[entry.id]:
                reading.wrong(entry.line, f"another deployment below has the id {entry.id!r} too; give each a model_info.id of its own")
        else:
            numbered = (f"{entry.id}#{number}" for number in count(2))
            entry = replace(entry, id=next(name for name in chain([entry.id], numbered) if name not in taken))
            taken.add(entry.id)
        found.append(replace(entry, unavailable=_reason(draft, known)))
    return tuple(_finished(reading, entry) for entry in replace_retired(reading, found, known=known))


def _finished(reading: Reading, entry: ModelEntry) -> ModelEntry:
    """The entry with the reason why it cannot be used, told in a warning."""
    if entry.retired_on is not None and not entry.stands_in and not entry.replacements:
        why = f"{entry.provider} shut {entry.provider_model} down on {entry.retired_on}, and on_retired is error"
        entry = replace(entry, unavailable=why)
    if entry.unavailable is not None:
        reading.warnings.append(f"line {entry.line}: {entry.name} ({entry.id}) is unavailable: {entry.unavailable}")
    return entry


def _check_accounts(reading: Reading, entries: Sequence[ModelEntry]) -> None:
    first: dict[str, ModelEntry] = {}
    for entry in entries:
        other = first.setdefault(entry.account, entry)
        if other.provider != entry.provider or (other.api_base, other.api_key) != (entry.api_base, entry.api_key):
            reading.wrong(
                entry.line,
                f"the account {entry.account!r} has other credentials on line {other.line}; give each an account: of its own",
            )
        elif other.settings != entry.settings:
            reading.wrong(
                entry.line,
                f"the account {entry.account!r} has other settings on line {other.line}; give both the same, or each its own account:",
            )
