"""A result behind a link that ends: it is asked for anew each time, and once more where its host does not take it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from castlist.errors import LostJob, ProviderError, Refused, Retry
from castlist.model.providing import Stream, Transport


class _LinkRefused(ProviderError):
    """The host of a result does not take the link to it."""


@asynccontextmanager
async def open_link(ask: Callable[[], Awaitable[str]], *, http: Transport, offset: int) -> AsyncIterator[Stream]:
    """The file behind the link that `ask` gives. Such links are for anybody, so no key is sent along.

    Raises what `ask` raises, and ProviderError, to be tried again, for a link that is not valid a second time.
    """
    async with AsyncExitStack() as stack:
        try:
            stream = await stack.enter_async_context(_open(await ask(), http=http, offset=offset))
        except _LinkRefused:
            stream = await stack.enter_async_context(_open(await ask(), http=http, offset=offset))
        yield stream


@asynccontextmanager
async def _open(url: str, *, http: Transport, offset: int) -> AsyncIterator[Stream]:
    async with AsyncExitStack() as stack:
        try:
            stream = await stack.enter_async_context(http.stream(url, headers={}, offset=offset))
        except (LostJob, Refused) as error:
            # What the file's host says is about the link, never about the work or the account.
            text = "the upstream's link to the video is not valid, or not any more"
            raise _LinkRefused(text, code="provider_no_output", retry=Retry.SAME) from error
        yield stream
