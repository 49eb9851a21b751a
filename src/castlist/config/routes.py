"""The router's settings, in LiteLLM's words: strategy, retries, cooldown, fallbacks and other names of models."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from castlist.config import names, options
from castlist.config.document import Node
from castlist.config.reading import Reading, nearest
from castlist.model.routes import ANY, Rules, Strategy

SECTIONS: Final = ("litellm_settings", "router_settings")
"""Where LiteLLM's files have them; the second one wins."""

NOTHING: Final = Node({}, 0)
SPELLINGS: Final = {**{str(each): each for each in Strategy}, "usage-based-routing-v2": Strategy.USAGE}
OF_BOTH: Final = frozenset({"num_retries", "request_timeout", "allowed_fails", "cooldown_time", "fallbacks", "default_fallbacks"})
"""What `litellm_settings` may hold of the router's."""


def read_rules(reading: Reading, sections: Mapping[str, Node], models: Collection[str]) -> Rules:
    """The rules of both sections; `models` are the names of the file's video models."""
    fields = _fields(reading, sections)
    listed = _listed(sections, models)
    standard = Rules()
    aliases, hidden = _aliases(reading, fields.get("model_group_alias"), listed, models)
    retries, timeout = fields.get("num_retries"), fields.get("timeout", fields.get("request_timeout"))
    fails = reading.integer(fields.get("allowed_fails"), "allowed_fails")
    cooldown = reading.number(fields.get("cooldown_time"), "cooldown_time")
    return Rules(
        strategy=_strategy(reading, fields.get("routing_strategy")),
        num_retries=reading.integer(retries, "num_retries"),
        timeout=read_timeout(reading, timeout),
        retry_after=reading.number(fields.get("retry_after"), "retry_after") or standard.retry_after,
        allowed_fails=standard.allowed_fails if fails is None else fails,
        cooldown=standard.cooldown if cooldown is None else cooldown,
        cools=not reading.flag(fields.get("disable_cooldowns"), "disable_cooldowns"),
        fallbacks=_fallbacks(reading, fields, {*listed, *aliases}, models={**dict(zip(models, models, strict=True)), **aliases}),
        aliases=aliases,
        hidden=hidden,
    )


def _fields(reading: Reading, sections: Mapping[str, Node]) -> Mapping[str, Node]:
    router = reading.mapping(sections.get("router_settings", NOTHING), "router_settings")
    for name, node in router.items():
        if name in names.ROUTER:
            reading.ignore(node.line, f"router_settings.{name}")
        elif name not in options.ROUTER_NAMES:
            reading.unknown(node.line, name, options.ROUTER_NAMES, where="router_settings")
    flag = router.get("enable_pre_call_checks")
    if reading.flag(flag, "enable_pre_call_checks") is False and flag is not None:
        reading.warnings.append(
            f"line {flag.line}: enable_pre_call_checks is always on here: what a deployment cannot do it is not asked for"
        )
    general = sections.get("litellm_settings", NOTHING)
    for name, node in general.entries.items():
        if name not in OF_BOTH:
            reading.ignore(node.line, f"litellm_settings.{name}")
    return {**{name: node for name, node in general.entries.items() if name in OF_BOTH}, **router}


def _listed(sections: Mapping[str, Node], models: Collection[str]) -> frozenset[str]:
    """Every name of the model list, those of models that make no videos too."""
    found = [item.entries.get("model_name") for item in sections.get("model_list", NOTHING).items]
    return frozenset({*models, *(str(node.value) for node in found if node is not None)})


def _strategy(reading: Reading, node: Node | None) -> Strategy:
    if node is None or node.value is None:
        return Strategy.SHUFFLE
    if isinstance(node.value, str) and node.value in SPELLINGS:
        return SPELLINGS[node.value]
    close = nearest(str(node.value), SPELLINGS)
    hint = f"did you mean {close!r}?" if close else f"it is one of {', '.join(Strategy)}"
    reading.wrong(node.line, f"unknown routing_strategy {node.value!r}; {hint}")
    return Strategy.SHUFFLE


def read_timeout(reading: Reading, node: Node | None) -> float | None:
    """How many seconds a submission may take to be answered, if that is said."""
    found = reading.number(node, "timeout")
    if found == 0 and node is not None:
        reading.wrong(node.line, "timeout must be more than 0 seconds: it is how long a submission may take to be answered")
    return found or None


def find_aliases(sections: Mapping[str, Node]) -> Mapping[str, str]:
    """The model that each other name is written for, unchecked."""
    items = sections.get("router_settings", NOTHING).entries.get("model_group_alias", NOTHING).entries
    targets = {name: (item.entries.get("model") or item).value for name, item in items.items()}
    return {name: target for name, target in targets.items() if isinstance(target, str)}


def _aliases(
    reading: Reading, node: Node | None, listed: Collection[str], models: Collection[str]
) -> tuple[Mapping[str, str], frozenset[str]]:
    """LiteLLM's {name: model} or {name: {model: …, hidden: true}}."""
    found: dict[str, str] = {}
    hidden: set[str] = set()
    for name, item in reading.mapping(node, "model_group_alias").items() if node else ():
        fields = item.entries
        target = (fields.get("model") or NOTHING).value if fields else item.value
        if not isinstance(target, str) or target not in listed:
            reading.wrong(item.line, f"model_group_alias: {_no_model(target, listed)}")
        elif target in models:
            found[name] = target
            if "hidden" in fields and reading.flag(fields["hidden"], "hidden"):
                hidden.add(name)
    return found, frozenset(hidden)


def _fallbacks(
    reading: Reading, fields: Mapping[str, Node], listed: Collection[str], *, models: Mapping[str, str]
) -> Mapping[str, Sequence[str]]:
    """LiteLLM's list of {model: [models]}; those of models that make no videos are passed over. `models` are the names of the others, each
    with the model it stands for: it is the model that has the fallbacks, whatever it was called."""
    found: dict[str, Sequence[str]] = {}
    lines: dict[str, int] = {}
    if "default_fallbacks" in fields:
        found[ANY] = _names(reading, fields["default_fallbacks"], listed, models=models)
    for item in reading.listing(fields["fallbacks"], "fallbacks") if "fallbacks" in fields else ():
        for name, others in reading.mapping(item, "an entry of fallbacks").items():
            if name != ANY and name not in listed:
                _pass_over(reading, name, listed, line=others.line)
            elif name == ANY or name in models:
                model = models.get(name, ANY)
                found[model] = tuple(dict.fromkeys((*found.get(model, ()), *_names(reading, others, listed, models=models))))
                lines[model] = others.line
    _check_rings(reading, found, lines)
    return found


def _pass_over(reading: Reading, name: str, listed: Collection[str], *, line: int) -> None:
    """Fallbacks of a model that the file does not have: LiteLLM takes them, so only what looks like a slip is one."""
    if nearest(name, listed, cutoff=0.75):
        reading.wrong(line, f"fallbacks: {_no_model(name, listed)}")


def _names(reading: Reading, node: Node, listed: Collection[str], *, models: Mapping[str, str]) -> Sequence[str]:
    wanted = reading.texts(node, "fallbacks")
    for name in wanted:
        if name not in listed:
            reading.wrong(node.line, f"fallbacks: {_no_model(name, listed)}")
    return tuple(models[name] for name in wanted if name in models)


def _no_model(name: object, listed: Collection[str]) -> str:
    close = nearest(str(name), listed)
    hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(sorted(listed))}"
    return f"there is no model {name!r} here; {hint}"


def _check_rings(reading: Reading, found: Mapping[str, Sequence[str]], lines: Mapping[str, int]) -> None:
    """Record each ring once, where it is closed."""
    told: set[frozenset[str]] = set()
    for name in lines:
        ring = _ring(name, found, (name,))
        if ring and frozenset(ring) not in told:
            told.add(frozenset(ring))
            text = " -> ".join((*ring, ring[0]))
            reading.wrong(lines[ring[-1]], f"fallbacks go round in a ring: {text}; leave {ring[0]!r} out of the fallbacks of {ring[-1]!r}")


def _ring(name: str, found: Mapping[str, Sequence[str]], path: tuple[str, ...]) -> tuple[str, ...]:
    for other in found.get(path[-1], ()):
        if other == name:
            return path
        if other not in path:
            ring = _ring(name, found, (*path, other))
            if ring:
                return ring
    return ()
