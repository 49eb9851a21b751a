"""Guards: the support table has a line for every provider we ship and every model of the catalogue, and says what the capabilities say."""

import re

import pytest

from castlist.catalogue import list_entries, list_vendors
from castlist.model.providing import Account
from castlist.providers import OURS, provider
from guards.sources import ROOT

SHOWN = sorted(set(OURS) - {"fake", "lab"})
MODELS = [(entry.provider, entry.model) for name in list_vendors() for entry in list_entries(name)]
KINDS = ["create", "edit", "extend", "remix"]


def lines_of(page: str) -> dict[str, list[str]]:
    """The cells of each line of a table by the name it begins with."""
    found = re.findall(r"^\| `([^`]+)`[^|]* \| (.*) \|$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in found}


@pytest.mark.parametrize("name", SHOWN)
def test_each_provider_is_in_the_table(name):
    assert any(line.startswith(f"{name}/") for line in lines_of("docs/providers.md"))


@pytest.mark.parametrize("name", sorted(set(SHOWN) - {"azure"}))
def test_each_provider_that_lives_is_in_the_readme(name):
    assert f"{name}/" in lines_of("README.md")


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_each_model_is_told_as_its_capabilities_are(name, model):
    adapter = provider(name)(Account("docs", name, None, "key"), None)
    capabilities = adapter.capabilities(model)

    told = dict(zip(KINDS, lines_of("docs/providers.md")[f"{name}/{model}"], strict=False))

    assert {kind for kind, word in told.items() if word not in {"no", "by degrade"}} == capabilities.implements
    carried = {"native", "reference"}
    assert {kind for kind, word in told.items() if word in carried} == (
        capabilities.implements & capabilities.casts if capabilities.characters else set()
    )
