"""Acme keeps the contract of every provider."""

import pytest
from castlist_acme import Acme

from castlist.model.providing import Account, Provider, Transport
from castlist.testing import ProviderContract
from castlist.testing.upstream import serve_upstream


class TestAcme(ProviderContract):
    model = "acme-1"

    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve_upstream(key="sk-acme") as upstream:
            self.api_base = upstream.base_url
            yield

    def provider(self, http: Transport) -> Provider:
        return Acme(Account("acme", "acme", api_base=self.api_base, api_key="sk-acme"), http)
