"""The openai adapter's profiles on the servers they are for: vLLM-Omni and SGLang, whose forms and answers differ from OpenAI's."""

import asyncio
import json
import shutil

import pytest

from castlist import samples
from castlist.errors import ProviderError, Retry
from castlist.model.characters import Fidelity
from castlist.model.providing import Account, Phase, Stopped
from castlist.providers.openai import HostedVllm
from castlist.providers.openai import SGLang as SGLangProvider
from castlist.testing import ProviderContract
from castlist.testing.emulator import serve
from providers.emulators.selfhosted import SGLang, VllmOmni
from providers.test_openai_cast import create, member, png
from providers.test_spoilt_answers import ask, look
from providers.wires import reach, take

SERVERS = {"hosted_vllm": (HostedVllm, VllmOmni), "sglang": (SGLangProvider, SGLang)}
KEY = "sk-own"


@pytest.fixture
def folder(tmp_path):
    """A store with a character's clip and stills, and an opening frame."""
    shutil.copy(samples.path("luna.mp4"), tmp_path / "luna.mp4")
    for name, grey in {"frame.png": 200, **{f"still-{n}.png": n for n in range(4)}}.items():
        (tmp_path / name).write_bytes(png(grey))
    return tmp_path


def run(name, folder, act, *, fate=None, **options):
    """What `act` gives with the adapter and the server that it is for, and the server; `fate` is what becomes of the first video."""
    adapter, server = SERVERS[name]

    async def scene(upstream):
        async with reach(folder, api_base=upstream.base_url) as http:
            return await act(adapter(Account("gpu", name, api_base=upstream.base_url, api_key=KEY), http))

    with serve(server(key=KEY, lasts=0, **options)) as upstream:
        upstream.break_next("job", *filter(None, [fate]))
        return asyncio.run(scene(upstream)), upstream


async def submit(provider, order):
    return await provider.submit(await provider.prepare(order))


def shown(upstream, name):
    return [field.value for field in upstream.requests[-1].fields if field.name == name]


@pytest.mark.parametrize("frame", [None, "frame.png"])
@pytest.mark.parametrize("name", SERVERS)
def test_words_and_an_opening_frame_are_taken(folder, name, frame):
    _, upstream = run(name, folder, lambda provider: submit(provider, create(reference=frame)))

    assert upstream.accepted == 1
    assert shown(upstream, "input_reference") == ([png(200)] if frame else [])


@pytest.mark.parametrize("people", [1, 2])
def test_vllm_is_shown_the_pictures_of_each(folder, people):
    cast = [member(Fidelity.REFERENCE)] * people
    _, upstream = run("hosted_vllm", folder, lambda provider: submit(provider, create(*cast)))

    assert upstream.accepted == 1
    assert shown(upstream, "input_references") == [png(n) for n in range(3)] * people


@pytest.mark.parametrize("frame", [None, "frame.png"])
def test_sglang_is_shown_the_clip_beside_an_opening_frame_too(folder, frame):
    cast = member(Fidelity.REFERENCE)
    _, upstream = run("sglang", folder, lambda provider: submit(provider, create(cast, reference=frame)))

    assert upstream.accepted == 1
    assert shown(upstream, "video_reference") == [(folder / "luna.mp4").read_bytes()]
    assert shown(upstream, "input_reference") == ([png(200)] if frame else [])


@pytest.mark.parametrize(("fate", "words"), [("fail", "CUDA out of memory"), ("refused", "MiniMax H3 makes 4 to 15 seconds")])
def test_a_failure_that_vllm_tells_with_an_http_status_is_the_end_of_the_video(folder, fate, words):
    async def act(provider):
        ticket = await submit(provider, create())
        (progress,) = await provider.poll([ticket])
        with pytest.raises(ProviderError):
            await take(provider, ticket)
        return progress

    progress, _ = run("hosted_vllm", folder, act, fate=fate)

    assert (progress.phase, progress.failure.message, progress.retryable) == (Phase.FAILED, words, True)


@pytest.mark.parametrize("other", [{"id": "video_2"}, {"object": "error"}, {"status": "in_progress"}])
def test_an_error_that_is_not_this_failed_video_is_no_end_of_it(tmp_path, other):
    body = json.dumps({"object": "video", "id": "video_1", "status": "failed"} | other).encode()

    assert ask("openai", tmp_path, look, body=body, status=500) is None


def test_a_file_that_sglang_keeps_in_a_bucket_is_fetched_from_there_without_the_key(folder):
    async def act(provider):
        ticket = await submit(provider, create())
        return await take(provider, ticket), await take(provider, ticket, offset=1000)

    (whole, rest), upstream = run("sglang", folder, act, cloud=True)

    assert (whole, rest) == (upstream.clip, upstream.clip[1000:])


def test_a_content_that_is_refused_for_another_reason_stays_refused(folder):
    async def act(provider):
        ticket = await submit(provider, create())
        await provider.cancel(ticket)
        with pytest.raises(ProviderError) as caught:
            await take(provider, ticket)
        return caught.value

    error, _ = run("sglang", folder, act, cloud=True)

    assert error.retry is not Retry.NEVER


@pytest.mark.parametrize("name", SERVERS)
def test_a_video_is_forgotten(folder, name):
    async def act(provider):
        ticket = await submit(provider, create())
        stopped = await provider.cancel(ticket)
        await provider.discard(ticket)
        return stopped

    stopped, upstream = run(name, folder, act)

    assert (stopped.outcome, upstream.works) == (Stopped.STOPPED, {})


@pytest.mark.parametrize("name", SERVERS)
def test_such_a_server_keeps_no_characters_and_changes_no_video(folder, name):
    adapter, _ = SERVERS[name]
    found = adapter(Account("gpu", name, api_base="http://gpu.local/v1"), None).capabilities("wan")

    assert (found.implements, found.binds, found.fidelity) == (frozenset({"create"}), False, Fidelity.REFERENCE)


class TestVllm(ProviderContract):
    model = "wan"
    running = "wan?lasts=60"

    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve(VllmOmni(key=KEY)) as upstream:
            self.api_base = upstream.base_url
            yield

    def provider(self, http):
        return HostedVllm(Account("gpu", "hosted_vllm", api_base=self.api_base, api_key=KEY), http)


class TestSGLang(TestVllm):
    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve(SGLang(key=KEY)) as upstream:
            self.api_base = upstream.base_url
            yield

    def provider(self, http):
        return SGLangProvider(Account("gpu", "sglang", api_base=self.api_base, api_key=KEY), http)
