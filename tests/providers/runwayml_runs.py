"""Runs of the runwayml adapter against its emulator."""

import asyncio
from contextlib import asynccontextmanager

from castlist.model.providing import Account
from castlist.providers.runwayml import RunwayML
from providers.emulators.runwayml import KEY
from providers.orders_cast import keep_media
from providers.wires import reach


@asynccontextmanager
async def adapt(upstream, folder, *, kind=RunwayML, key=KEY):
    keep_media(folder)
    async with reach(folder, api_base=upstream.base_url) as http:
        yield kind(Account("runway", "runwayml", api_base=upstream.base_url, api_key=key), http)


def run(upstream, folder, act, **options):
    async def with_provider():
        async with adapt(upstream, folder, **options) as provider:
            return await act(provider)

    return asyncio.run(with_provider())


def send(upstream, folder, order, **options):
    """The order submitted: its warnings, and what the upstream got as (route, body with files by their hash)."""

    async def act(provider):
        prepared = await provider.prepare(order)
        await provider.submit(prepared)
        return [note.code for note in prepared.warnings]

    notes = run(upstream, folder, act, **options)
    return notes, *upstream.bodies[-1]


def limits(model):
    return RunwayML(Account("r", "runwayml"), None).capabilities(model)
