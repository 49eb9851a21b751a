"""The gemini adapter: files it uploads, and those that a handle on a character stands for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from castlist.errors import Ambiguous, HandleGone, LostJob, ProviderError, Retry
from castlist.model.characters import Character, CharacterState
from castlist.model.operations import EditVideo
from castlist.model.providing import References
from providers.emulators.gemini import GeminiEmulator, serve_gemini
from providers.gemini_runs import KEY, create, member, order, parts, run, sent, shown, source, submit


@pytest.fixture
def upstream():
    with serve_gemini(key=KEY, lasts=0) as server:
        yield server


def test_a_big_file_goes_in_pieces(upstream, tmp_path):
    wanted = order(tmp_path, EditVideo("Warm", "hero", source()))
    content = bytes(range(256)) * 40_000
    (tmp_path / "source.mp4").write_bytes(content)

    document = sent(upstream, tmp_path, wanted)

    assert upstream.files[parts(document)[0]["uri"].rpartition("/")[2]] == content
    commands = [dict(heard.headers)["X-Goog-Upload-Command"] for heard in upstream.requests if heard.path.startswith("/resumable")]
    assert commands == ["upload", "upload, finalize"]
    assert all("x-goog-api-key" not in dict(heard.headers) for heard in upstream.requests if heard.path.startswith("/resumable"))


def test_an_upload_that_is_still_read_is_waited_for(upstream, tmp_path):
    upstream.break_next("upload", "slow")

    assert sent(upstream, tmp_path, order(tmp_path, create(reference="frame.png")))


UPLOADS = {"error": Retry.SAME, "lose": Retry.SAME, "away": Retry.ELSEWHERE, "unreadable": Retry.ELSEWHERE}


@pytest.mark.parametrize("fault", UPLOADS)
def test_an_upload_that_fails_costs_nothing_and_is_no_unknown_job(upstream, tmp_path, fault):
    upstream.break_next("upload", fault)

    with pytest.raises(ProviderError) as caught:
        sent(upstream, tmp_path, order(tmp_path, create(reference="frame.png")))

    assert not isinstance(caught.value, Ambiguous | LostJob)
    assert (caught.value.retry, upstream.counts["create"]) == (UPLOADS[fault], 0)


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def bind(provider, folder, cast):
    described = {variant: await provider.http.assets.describe(asset) for variant, asset in cast.media.items()}
    character = Character(cast.id, "default", cast.name, "", CharacterState.READY, NOW, "digest")
    provider._clock = lambda: NOW
    return await provider.bind(character, References(described))


def test_a_handle_spares_the_uploads_of_a_character(upstream, tmp_path):
    async def act(provider):
        luna = member(tmp_path, "Luna")
        handle = await bind(provider, tmp_path, luna)
        before = upstream.counts["upload"]
        wanted = order(tmp_path, create(reference="frame.png"), cast=[replace(luna, handle=handle.value)])
        await submit(provider, wanted)
        return handle, before, upstream.counts["upload"] - before

    handle, first, then = run(upstream, tmp_path, act)
    assert (first, then) == (5, 1)
    assert handle.expires_at - NOW == timedelta(hours=46)
    assert shown(upstream, upstream.sent("/interactions")[0])[1] == "luna-0.jpg"


def test_a_file_that_the_vendor_lost_is_a_handle_that_is_gone(upstream, tmp_path):
    async def act(provider):
        luna, mossy = member(tmp_path, "Luna"), member(tmp_path, "Mossy")
        lost, kept = await bind(provider, tmp_path, luna), await bind(provider, tmp_path, mossy)
        await provider.unbind(lost)
        await provider.unbind(lost)
        cast = [replace(luna, handle=lost.value), replace(mossy, handle=kept.value)]
        with pytest.raises(HandleGone) as caught:
            await submit(provider, order(tmp_path, create(), cast=cast))
        return caught.value.handles, lost.value

    handles, lost = run(upstream, tmp_path, act)
    assert handles == (lost,)
    assert upstream.counts["accepted"] == 0


@pytest.mark.parametrize("value", ["", "handle", "[]", "null"])
def test_a_handle_that_is_not_ours_is_as_none(upstream, tmp_path, value):
    cast = [replace(member(tmp_path, "Luna", clip=False, stills=1), handle=value)]

    assert shown(upstream, sent(upstream, tmp_path, order(tmp_path, create(), cast=cast))) == ["luna-0.jpg"]


def test_every_way_in_which_an_upload_fails_is_met_here():
    assert GeminiEmulator.faults["upload"] == {*UPLOADS, "slow"}
