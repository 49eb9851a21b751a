"""Every provider of ours keeps the contract that we ask of others."""

from collections.abc import Iterator

import pytest

from castlist.model.operations import Size
from castlist.model.providing import Account, Provider, Transport
from castlist.providers.animatic import Animatic
from castlist.providers.openai import OpenAI
from castlist.testing import FakeProvider, ProviderContract
from castlist.testing.upstream import serve_upstream


class TestFake(ProviderContract):
    model = "slow?seconds=0.1"
    running = "stuck"

    def provider(self, http: Transport) -> Provider:
        return FakeProvider(Account("fake", "fake", api_key="a-key-of-no-use"), http)


class TestOpenAI(ProviderContract):
    model = "sora-2"
    running = "sora-2?job=stick"

    @pytest.fixture(autouse=True)
    def upstream(self) -> Iterator[None]:
        with serve_upstream(key="sk-contract") as upstream:
            self.api_base = upstream.base_url
            yield

    def provider(self, http: Transport) -> Provider:
        return OpenAI(Account("local", "openai", api_base=self.api_base, api_key="sk-contract"), http)


class TestAnimatic(ProviderContract):
    model = "animatic"
    self_contained = True
    seconds = 1
    size = Size(320, 180)
    patience = 60.0

    def provider(self, http: Transport) -> Provider:
        return Animatic(Account("animatic", "animatic"), http)
