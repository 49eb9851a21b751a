"""The providers of this installation, by name: ours and those that other packages add under the entry point `castlist.providers`."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final

from castlist.errors import NotFound
from castlist.model.providing import Provider

GROUP: Final = "castlist.providers"
OURS: Final = MappingProxyType(
    {
        "animatic": "castlist.providers.animatic:Animatic",
        "fake": "castlist.testing.fake:FakeProvider",
        "lab": "castlist.testing.lab_provider:LabProvider",
        "gemini": "castlist.providers.gemini:Gemini",
        "xai": "castlist.providers.xai:XAI",
        "azure": "castlist.providers.openai:Azure",
        "hosted_vllm": "castlist.providers.openai:HostedVllm",
        "kling": "castlist.providers.kling:Kling",
        "runwayml": "castlist.providers.runwayml:RunwayML",
        "fal_ai": "castlist.providers.fal_ai:Fal",
        "openai": "castlist.providers.openai:OpenAI",
        "sglang": "castlist.providers.openai:SGLang",
    }
)
"""Known without a look at what is installed, which takes longer than all of them."""


def provider(name: str) -> type[Provider]:
    """The adapter class of that name, imported now. Raises NotFound with the nearest name."""
    entry = _find(name)
    if entry is None:
        known = provider_names()
        close = get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"this installation has {', '.join(known)}"
        raise NotFound(f"There is no provider {name[:80]!r}; {hint}", code="unknown_provider")
    loaded: object = entry.load()
    if not (isinstance(loaded, type) and issubclass(loaded, Provider)):
        raise NotFound(f"{entry.value}, registered as the provider {name!r}, is not a Provider class", code="unknown_provider")
    return loaded


def provider_names() -> tuple[str, ...]:
    """The names of all providers, without importing them."""
    return tuple(sorted({*OURS, *(entry.name for entry in entry_points(group=GROUP))}))


def judge_settings(name: str, settings: Mapping[str, object]) -> Sequence[str]:
    """A sentence for each of an account's settings that its adapter does not read, or not in that word. Raises NotFound."""
    known = provider(name).settings if settings else None
    if known is None:
        return ()
    found = []
    for key, value in settings.items():
        if key not in known:
            close = get_close_matches(key.lower(), known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(known) or 'none'}"
            found.append(f"unknown setting {key[:80]!r} of the provider {name}; {hint}")
        elif known[key] and value not in known[key]:
            found.append(f"{key} must be {' or '.join(known[key])}, not {str(value)[:80]!r}")
    return found


def providers() -> Mapping[str, type[Provider]]:
    """All providers by name; each is imported when it is looked up."""
    return _Providers()


class _Providers(Mapping[str, type[Provider]]):
    def __getitem__(self, name: str) -> type[Provider]:
        if _find(name) is None:
            raise KeyError(name)
        return provider(name)

    def __iter__(self) -> Iterator[str]:
        return iter(provider_names())

    def __len__(self) -> int:
        return len(provider_names())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _find(name) is not None


def _find(name: str) -> EntryPoint | None:
    if name in OURS:
        return EntryPoint(name, OURS[name], GROUP)
    return next(iter(entry_points(group=GROUP, name=name)), None)
