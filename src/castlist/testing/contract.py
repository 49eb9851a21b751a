"""What every provider does, as tests: derive a class from ProviderContract and give it to pytest.

    class TestMyProvider(ProviderContract):
        model = "my-model"

        def provider(self, http: Transport) -> Provider:
            return MyProvider(Account("my", "my", api_base=self.upstream.base_url, api_key="test-key"), http)

Each test runs in an event loop of its own and builds its provider anew. Nothing here needs more than plain asserts.
"""

import asyncio
import json
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from castlist.errors import LostJob, ProviderError
from castlist.model.capabilities import Capabilities
from castlist.model.operations import CreateVideo, Size
from castlist.model.providing import (
    Absent,
    Cancelled,
    CannotTell,
    Handle,
    Order,
    Phase,
    Progress,
    Provider,
    Stopped,
    Ticket,
    Transport,
)
from castlist.providers.transport import Connections, HttpTransport
from castlist.testing.assets import FolderAssets

ORDERED = (Phase.QUEUED, Phase.RUNNING, Phase.DONE)
ENDED = frozenset({Phase.DONE, Phase.FAILED, Phase.CANCELLED})


class ProviderContract(ABC):
    """Set `model` to one that finishes, `running` to one that is still at work a second later (for cancel), and give `provider`.

    `self_contained` is for a renderer whose tickets hold all that the work needs, so that none is ever unknown.
    `patience` is how many seconds a video may take; `size` and `seconds` what to ask for; `api_base` the upstream's, if it is private.
    """

    model: ClassVar[str]
    running: ClassVar[str | None] = None
    self_contained: ClassVar[bool] = False
    patience: ClassVar[float] = 20.0
    seconds: ClassVar[int] = 4
    size: ClassVar[Size] = Size(1280, 720)
    api_base: str | None = None

    @abstractmethod
    def provider(self, http: Transport) -> Provider:
        """The provider under test, with credentials that work; called several times."""

    def order(self, model: str, reference: str = "video_contract") -> Order:
        """An order for a text-only video of that model."""
        operation = CreateVideo("A fox walks through snow.", model, self.seconds, self.size)
        return Order(operation, model, operation.prompt, (), reference, 7)

    def play(self, act: Callable[[Provider], Awaitable[None]]) -> None:
        """Run one test with a provider of its own."""
        asyncio.run(self._play(act))

    async def _play(self, act: Callable[[Provider], Awaitable[None]]) -> None:
        connections = Connections()
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            http = HttpTransport(FolderAssets(place), scratch=place, connections=connections, api_base=self.api_base)
            provider = self.provider(http)
            try:
                await act(provider)
            finally:
                await provider.close()
                await connections.close()

    async def accept(self, provider: Provider, model: str | None = None, reference: str = "video_contract") -> Ticket:
        """A ticket for a new video."""
        return await provider.submit(await provider.prepare(self.order(model or self.model, reference)))

    async def follow(self, provider: Provider, ticket: Ticket) -> tuple[Ticket, list[Progress]]:
        """Poll until the work has ended; the last ticket and all that was said."""
        seen: list[Progress] = []
        async with asyncio.timeout(self.patience):
            while not seen or seen[-1].phase not in ENDED:
                (progress,) = await provider.poll([ticket])
                seen.append(progress)
                ticket = progress.ticket or ticket
                if progress.phase not in ENDED:
                    await asyncio.sleep(min(progress.again or 0.1, 0.2))
        return ticket, seen

    def test_capabilities_are_constant_and_describe_themselves(self) -> None:
        async def act(provider: Provider) -> None:
            first, second = provider.capabilities(self.model), provider.capabilities(self.model)
            assert isinstance(first, Capabilities)
            assert first == second
            assert first.implements <= {"create", "edit", "extend", "remix"}
            assert json.loads(json.dumps(first.to_json())) == first.to_json()
            assert first.why_not(self.order(self.model).operation) is None, "the contract's own order must be one the model takes"

        self.play(act)

    def test_it_is_named_by_one_plain_word(self) -> None:
        async def act(provider: Provider) -> None:
            assert provider.name
            assert provider.name == provider.name.lower()
            assert not set(provider.name) & set(" /:?")

        self.play(act)

    def test_preparing_twice_gives_the_same_and_starts_nothing(self) -> None:
        async def act(provider: Provider) -> None:
            order = self.order(self.model)
            first, second = await provider.prepare(order), await provider.prepare(order)
            assert first == second
            assert first.order == order

        self.play(act)

    def test_a_ticket_is_json_and_holds_no_key(self) -> None:
        async def act(provider: Provider) -> None:
            ticket = await self.accept(provider)
            text = json.dumps(dict(ticket.data))
            assert json.loads(text) == dict(ticket.data)
            if provider.account.api_key:
                assert provider.account.api_key not in text
                assert provider.account.api_key not in repr(provider.account)
            await self._let_go(provider, ticket)

        self.play(act)

    def test_a_video_goes_from_submission_to_done(self) -> None:
        async def act(provider: Provider) -> None:
            _, seen = await self.follow(provider, await self.accept(provider))
            assert seen[-1].phase is Phase.DONE, seen[-1].failure
            steps = [ORDERED.index(progress.phase) for progress in seen]
            assert steps == sorted(steps)
            assert all(0 <= progress.percent <= 100 for progress in seen)
            percents = [progress.percent for progress in seen if progress.phase is Phase.RUNNING]
            assert percents == sorted(percents)

        self.play(act)

    def test_a_result_downloads_whole_and_from_any_offset(self) -> None:
        async def act(provider: Provider) -> None:
            ticket, _ = await self.follow(provider, await self.accept(provider))
            whole = await self._download(provider, ticket)
            assert whole[4:8] == b"ftyp", "a result is an MP4"
            assert await self._download(provider, ticket, offset=len(whole) // 3) == whole[len(whole) // 3 :]
            assert await self._download(provider, ticket) == whole, "a result can be downloaded again"

        self.play(act)

    def test_several_tickets_are_answered_in_their_order(self) -> None:
        async def act(provider: Provider) -> None:
            first, second = await self.accept(provider, reference="video_one"), await self.accept(provider, reference="video_two")
            assert first != second
            assert len(await provider.poll([first, second])) == 2
            assert list(await provider.poll([])) == []
            await self.follow(provider, first)
            one, _ = await provider.poll([first, second])
            _, other = await provider.poll([second, first])
            assert one.phase is other.phase is Phase.DONE
            await self.follow(provider, second)

        self.play(act)

    def test_a_ticket_that_nobody_gave_is_lost_with_authority(self) -> None:
        async def act(provider: Provider) -> None:
            if self.self_contained:
                return
            ticket = await self.accept(provider)
            strange = Ticket({key: f"no-such-{key}" if isinstance(value, str) else value for key, value in ticket.data.items()})
            try:
                (progress,) = await provider.poll([strange])
            except LostJob:
                pass
            else:
                assert progress.phase is Phase.FAILED
            await self._let_go(provider, ticket)

        self.play(act)

    def test_a_search_by_reference_never_guesses(self) -> None:
        async def act(provider: Provider) -> None:
            assert isinstance(await provider.find("video_never_submitted"), Absent | CannotTell)

        self.play(act)

    def test_a_cancel_says_what_it_achieved(self) -> None:
        async def act(provider: Provider) -> None:
            ticket = await self.accept(provider, self.running)
            if not provider.capabilities(self.running or self.model).cancel:
                assert await _is_missing(provider.cancel(ticket))
                return
            outcome = await provider.cancel(ticket)
            assert isinstance(outcome, Cancelled)
            if self.running:
                assert outcome.outcome is Stopped.STOPPED
            if outcome.outcome is Stopped.STOPPED and not self.self_contained:
                assert await self._has_stopped(provider, ticket)

        self.play(act)

    def test_what_it_does_not_do_is_said_when_it_is_called(self) -> None:
        async def act(provider: Provider) -> None:
            lacks_characters = type(provider).bind is Provider.bind
            if lacks_characters:
                assert await _is_missing(provider.unbind(Handle("none")))
                assert await _is_missing(provider.poll_binding(Ticket({})))
            if type(provider).discard is Provider.discard:
                assert await _is_missing(provider.discard(Ticket({})))

        self.play(act)

    def test_an_order_for_something_else_gets_another_ticket(self) -> None:
        async def act(provider: Provider) -> None:
            order = self.order(self.model)
            first = await provider.submit(await provider.prepare(order))
            second = await provider.submit(await provider.prepare(replace(order, prompt="Another fox.", reference="video_other")))
            assert first.data != second.data
            await self._let_go(provider, first)
            await self._let_go(provider, second)

        self.play(act)

    async def _download(self, provider: Provider, ticket: Ticket, *, offset: int = 0) -> bytes:
        async with provider.download(ticket, offset=offset) as stream:
            content = b"".join([chunk async for chunk in stream.chunks])
            assert stream.media_type == "video/mp4"
            assert stream.length in (None, len(content))
        return content

    async def _has_stopped(self, provider: Provider, ticket: Ticket) -> bool:
        try:
            _, seen = await self.follow(provider, ticket)
        except LostJob:
            return True
        return seen[-1].phase is not Phase.DONE

    async def _let_go(self, provider: Provider, ticket: Ticket) -> None:
        # A renderer in this process would otherwise go on into the next test.
        try:
            await provider.cancel(ticket)
        except (NotImplementedError, ProviderError):
            return


async def _is_missing(call: Awaitable[object]) -> bool:
    try:
        await call
    except NotImplementedError:
        return True
    return False
