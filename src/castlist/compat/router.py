"""`castlist.Router`: LiteLLM's video functions as methods, over the deployments of a list, on a gateway of this process's own."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypedDict, Unpack

from castlist.compat._async import AsyncFunctions
from castlist.compat._sync import Functions
from castlist.sdk._connect import Wanted, check_routes
from castlist.sdk.arguments import takes

Names = Mapping[str, Sequence[str]]
_STRANGE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class Routing(TypedDict, total=False):
    """What a Router takes beside its deployments: LiteLLM's words, as under `router_settings` of a configuration file.

    `routing_strategy` is "simple-shuffle", "least-busy", "latency-based-routing", "cost-based-routing" or "usage-based-routing".
    `timeout`, `retry_after` and `cooldown_time` are in seconds; `fallbacks` is a list of {model: [models]}.
    """

    routing_strategy: str
    num_retries: int
    timeout: float
    retry_after: float
    disable_cooldowns: bool
    allowed_fails: int
    cooldown_time: float
    fallbacks: Sequence[Names]
    default_fallbacks: Sequence[str]
    model_group_alias: Mapping[str, object]
    enable_pre_call_checks: bool


class Router(AsyncFunctions, Functions):
    """The deployments of `model_list`, each a mapping as LiteLLM has it: `model_name`, `litellm_params`, `model_info`.

    Its gateway keeps characters and videos in `data`, else in CASTLIST_DATA or the user's data folder; other Routers and a server may use
    the same folder. Nothing is opened before the first call. Raises ConfigError with every mistake in the list and the rules, each with
    the number of the entry it is in.
    """

    @takes(Routing, call="Router")
    def __init__(
        self, model_list: Sequence[Mapping[str, object]], *, data: str | os.PathLike[str] | None = None, **rules: Unpack[Routing]
    ) -> None:
        given = {name: value for name, value in rules.items() if value is not None}
        wanted = Wanted(data=None if data is None else Path(data), routes=_write(model_list, given))
        check_routes(wanted)
        super().__init__(wanted)


def _write(model_list: Sequence[Mapping[str, object]], rules: Mapping[str, object]) -> str:
    """A configuration file, with one entry of the list on each line."""
    entries = ",\n".join(_write_json(each) for each in model_list)
    return f'{{"model_list": [{entries}],\n"router_settings": {_write_json(rules)}}}'


def _write_json(value: Mapping[str, object]) -> str:
    """JSON that is YAML too, which takes some characters for ends of lines and others not at all."""
    return _STRANGE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
