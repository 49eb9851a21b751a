"""The faults of the lab through a whole gateway: what was accepted ends, and is paid once; callbacks only bring its end nearer."""

import time
from collections.abc import Iterator

import pytest

from castlist.testing.lab_control import LabControl, run_lab
from server.conftest import Server, run_server

ONCE = ["poll=error", "poll=drop", "poll=garbage", "poll=missing", "content=cut", "content=expired", "content=error", "content=away"]
CALLS = ["early", "twice", "forged", "late"]
SUBMISSIONS = ["drop", "lose", "empty", "no_id", "error", "proxy", "timeout"]
FAILURES = {"create=refuse": "provider_refused", "create=moderated": "moderation_blocked", "job=fail": "video_generation_failed"}
AGAIN = 45
"""Seconds between the polls of a provider that is expected to call back."""


def entry(name: str, model: str, lab: LabControl, *, account: str = "lab", settings: str = "{again: 0.1}") -> str:
    where = f"model: '{model}', api_base: '{lab.base_url}', api_key: k"
    return f"  - {{model_name: '{name}', account: {account}, settings: {settings}, litellm_params: {{{where}}}}}\n"


@pytest.fixture(scope="module")
def lab() -> Iterator[LabControl]:
    with run_lab(lasts=0.2) as found:
        yield found


@pytest.fixture(scope="module")
def gateway(lab: LabControl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    entries = entry("listed", "openai/sora-2", lab, account="listed", settings="{}") + entry("named", "lab/lab-1", lab)
    entries += "".join(entry(fault, f"lab/lab-1?{fault}", lab) for fault in [*ONCE, *FAILURES])
    entries += "".join(entry(how, f"lab/lab-2?call={how}", lab, account="calling", settings=f"{{again: {AGAIN}}}") for how in CALLS)
    config = f"model_list:\n{entries}general_settings: {{master_key: sk-test-master}}\nrouter_settings: {{allowed_fails: 100}}\n"
    config += "castlist: {media: {public_base_url: 'https://video.example.com'}}\n"
    for server in run_server(tmp_path_factory.mktemp("lab"), config):
        lab.call([server.base])
        yield server


def begin(gateway: Server, prompt: str, *, model: str) -> str:
    return gateway.video(model=model, prompt=prompt, seconds="2", size="320x180")


def taken(lab: LabControl) -> dict[str, int]:
    """How often each prompt was accepted."""
    found: dict[str, int] = {}
    for each in lab.accounts().taken:
        found[each.prompt] = found.get(each.prompt, 0) + 1
    return found


def test_whatever_becomes_of_a_submission_it_is_paid_once(gateway: Server, lab: LabControl) -> None:
    prompts = [f"A lamp whose submission meets a fault, {number}" for number in range(len(SUBMISSIONS))]
    lab.break_next("create", *SUBMISSIONS)

    jobs = [begin(gateway, prompt, model="named") for prompt in prompts]

    assert [gateway.finish(job)["status"] for job in jobs] == ["completed"] * len(jobs)
    assert {prompt: taken(lab).get(prompt) for prompt in prompts} == dict.fromkeys(prompts, 1)


def test_a_lost_answer_is_found_in_the_list_of_one_that_knows_no_references(gateway: Server, lab: LabControl) -> None:
    lab.break_next("create", "lose", "empty", "no_id")
    prompts = [f"A lamp whose answer is lost, {number}" for number in range(3)]

    jobs = [begin(gateway, prompt, model="listed") for prompt in prompts]

    assert [gateway.finish(job)["status"] for job in jobs] == ["completed"] * 3
    assert {prompt: taken(lab).get(prompt) for prompt in prompts} == dict.fromkeys(prompts, 1)


def test_no_trouble_with_a_poll_or_a_download_fails_a_video(gateway: Server, lab: LabControl) -> None:
    jobs = {fault: begin(gateway, f"A lamp with {fault}", model=fault) for fault in ONCE}

    ended = {fault: gateway.finish(job) for fault, job in jobs.items()}

    assert {fault: video["status"] for fault, video in ended.items()} == dict.fromkeys(ONCE, "completed")
    assert {fault: taken(lab)[f"A lamp with {fault}"] for fault in ONCE} == dict.fromkeys(ONCE, 1)
    assert lab.accounts().counts["expired"] == 1


def test_a_refusal_and_a_failure_are_told_in_the_providers_words_and_not_repeated(gateway: Server, lab: LabControl) -> None:
    jobs = {fault: begin(gateway, f"A lamp with {fault}", model=fault) for fault in FAILURES}

    ended = {fault: gateway.finish(job)["error"] for fault, job in jobs.items()}

    assert {fault: error["code"] if isinstance(error, dict) else error for fault, error in ended.items()} == FAILURES
    assert {fault: taken(lab).get(f"A lamp with {fault}", 0) for fault in FAILURES} == {
        "create=refuse": 0,
        "create=moderated": 0,
        "job=fail": 1,
    }


def test_callbacks_that_come_early_twice_late_or_forged_only_bring_the_end_nearer(gateway: Server, lab: LabControl) -> None:
    begun = time.monotonic()
    jobs = {how: begin(gateway, f"A lamp that is called about {how}", model=how) for how in CALLS}

    ended = {how: gateway.finish(job)["status"] for how, job in jobs.items()}
    took = time.monotonic() - begun
    counts = lab.accounts().counts

    assert ended == dict.fromkeys(CALLS, "completed")
    assert took < AGAIN, "the calls were not heard"
    assert {how: taken(lab)[f"A lamp that is called about {how}"] for how in CALLS} == dict.fromkeys(CALLS, 1)
    assert counts["forged 403"] == 1
    assert counts["called 200"] >= 6
