"""The scripted fake: each script does what its name says, and its tickets outlive the process."""

import asyncio
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest

from castlist.errors import Ambiguous, InvalidRequest, LostJob, Moderated, NotSent, ProviderError, Refused, Retry
from castlist.model.operations import CreateVideo, ExtendVideo, RemixVideo, Size, Source
from castlist.model.providing import Absent, Account, CannotTell, Order, Phase, Stopped, Ticket
from castlist.testing import FakeProvider
from castlist.testing.fake import SCRIPTS, read_clip

START = datetime(2026, 11, 22, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def pass_seconds(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


def make(clock, **settings):
    return FakeProvider(Account("fake", "fake", settings=settings), None, clock=clock)


def submit(provider, model, reference="video_1"):
    order = Order(CreateVideo("A fox", model, 4, Size(320, 180)), model, "A fox", (), reference, 1)
    return asyncio.run(provider.submit(asyncio.run(provider.prepare(order))))


def look(provider, ticket):
    return asyncio.run(provider.poll([ticket]))[0]


def test_slow_runs_for_its_seconds(clock):
    provider = make(clock)
    ticket = submit(provider, "slow?seconds=4")

    seen = []
    for _ in range(5):
        seen.append((look(provider, ticket).phase, look(provider, ticket).percent))
        clock.pass_seconds(1)

    assert seen == [(Phase.RUNNING, 0), (Phase.RUNNING, 25), (Phase.RUNNING, 50), (Phase.RUNNING, 75), (Phase.DONE, 100)]
    assert (provider.submits, provider.polls) == (1, 10)


def test_a_ticket_means_the_same_to_a_process_that_never_saw_it(clock):
    data = json.loads(json.dumps(dict(submit(make(clock), "slow?seconds=4").data)))
    clock.pass_seconds(2)

    assert look(make(clock), Ticket(data)).percent == 50


def test_the_accounts_settings_are_options_and_the_model_name_wins(clock):
    provider = make(clock, seconds=10, again=2)

    first, second = submit(provider, "slow"), submit(provider, "slow?seconds=2")
    clock.pass_seconds(1)

    assert look(provider, first).percent == 10
    assert (look(provider, second).percent, look(provider, second).again) == (50, 2)


def test_instant_is_done_and_billed_as_told(clock):
    progress = look(make(clock), submit(make(clock), "instant?micros=1500000"))

    assert (progress.phase, progress.cost.micros, progress.cost.state) == (Phase.DONE, 1_500_000, "billed")


def test_fail_fails_in_each_way(clock):
    provider = make(clock)
    plain, retryable, blocked = (look(provider, submit(provider, f"fail{q}")) for q in ("", "?retryable=1", "?moderated=1"))

    assert (plain.phase, plain.retryable, plain.moderated) == (Phase.FAILED, False, False)
    assert retryable.retryable
    assert (blocked.moderated, blocked.failure.code) == (True, "moderation_blocked")


@pytest.mark.parametrize(
    ("model", "kind"), [("moderated", Moderated), ("refuse", Refused), ("unreachable", NotSent), ("ambiguous", Ambiguous)]
)
def test_submissions_go_wrong_as_named(clock, model, kind):
    provider = make(clock)

    with pytest.raises(kind):
        submit(provider, model)
    assert provider.submits == 1


def test_a_refusal_ends_after_its_times(clock):
    provider = make(clock)
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            submit(provider, "refuse?times=2&retry=same&after=3")
        assert (caught.value.retry, caught.value.after) == (Retry.SAME, 3.0)

    assert look(provider, submit(provider, "refuse?times=2&retry=same&after=3")).phase is Phase.DONE


def test_an_ambiguous_submission_is_found_as_the_script_says(clock):
    provider = make(clock)
    found = {}
    for word in ("ticket", "absent", "unknown"):
        with pytest.raises(Ambiguous):
            submit(provider, f"ambiguous?found={word}", reference=word)
        found[word] = asyncio.run(provider.find(word))

    assert look(provider, found["ticket"]).phase is Phase.DONE
    assert isinstance(found["absent"], Absent)
    assert isinstance(found["unknown"], CannotTell)


def test_stuck_never_ends_and_lost_is_lost(clock):
    provider = make(clock)
    stuck, lost = submit(provider, "stuck"), submit(provider, "lost")
    clock.pass_seconds(1e6)

    assert (look(provider, stuck).phase, look(provider, stuck).percent) == (Phase.RUNNING, 99)
    with pytest.raises(LostJob):
        look(provider, lost)


def test_a_cut_download_comes_whole_the_second_time(clock):
    provider = make(clock)
    ticket = submit(provider, "cut")

    async def take():
        async with provider.download(ticket) as stream:
            return b"".join([chunk async for chunk in stream.chunks])

    with pytest.raises(ProviderError):
        asyncio.run(take())
    assert asyncio.run(take()) == read_clip()
    assert provider.downloads == 2


def test_cancel_stops_what_runs_and_is_too_late_for_what_ended(clock):
    provider = make(clock)
    running, done = submit(provider, "stuck"), submit(provider, "instant")

    assert asyncio.run(provider.cancel(running)).outcome is Stopped.STOPPED
    assert look(provider, running).phase is Phase.CANCELLED
    assert asyncio.run(provider.cancel(done)).outcome is Stopped.TOO_LATE
    assert provider.cancels == 2


def test_it_takes_all_four_operations_with_two_characters(clock):
    capabilities = make(clock).capabilities("instant")
    source = Source("asset_1", 4.0, Size(320, 180))
    cast = ("char_1", "char_2")

    assert capabilities.why_not(CreateVideo("x", "m", 4, Size(320, 180), characters=cast, reference="asset_2")) is None
    assert capabilities.why_not(ExtendVideo("x", "m", 4, source)) is None
    assert capabilities.why_not(RemixVideo("x", "m", source)) is None
    assert capabilities.why_not(CreateVideo("x", "m", 4, Size(320, 180), characters=(*cast, "char_3")))[0] == "too_many_characters"


@pytest.mark.parametrize(("model", "nearest"), [("instand", "instant"), ("slow?second=3", "seconds")])
def test_a_script_that_does_not_exist_names_the_nearest(clock, model, nearest):
    with pytest.raises(InvalidRequest) as caught:
        make(clock).capabilities(model)
    assert f"did you mean '{nearest}'" in caught.value.message


def test_an_option_that_is_no_number_says_so(clock):
    with pytest.raises(InvalidRequest) as caught:
        look(make(clock), submit(make(clock), "slow?seconds=long"))
    assert "'long'" in caught.value.message


def test_every_script_can_be_asked_for(clock):
    assert all(make(clock).capabilities(name).cancel for name in SCRIPTS)


def test_the_clip_is_a_small_real_mp4():
    clip = read_clip()
    with av.open(io.BytesIO(clip)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video)]

    assert len(clip) < 40_000
    assert (video.width, video.height, video.codec_context.name, audio.codec_context.name) == (320, 180, "h264", "aac")
    assert len(frames) == 48
    assert all((a != b).any() for a, b in pairwise(frames))


def test_the_clip_is_what_its_script_draws(tmp_path):
    script = Path(__file__).parents[2] / "scripts" / "draw_fake.py"
    code = f"import runpy, pathlib; runpy.run_path({str(script)!r})['draw'](pathlib.Path({str(tmp_path / 'clip.mp4')!r}))"
    subprocess.run([sys.executable, "-c", code], check=True)
    with av.open(tmp_path / "clip.mp4") as drawn, av.open(io.BytesIO(read_clip())) as kept:
        pairs = zip(drawn.decode(video=0), kept.decode(video=0), strict=True)
        worst = max(abs(a.to_ndarray(format="gray").astype(int) - b.to_ndarray(format="gray")).max() for a, b in pairs)

    assert worst < 40


def test_the_fake_needs_no_test_library():
    code = "import sys, castlist.testing; sys.exit(bool({'pytest', 'aiohttp', 'av'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
