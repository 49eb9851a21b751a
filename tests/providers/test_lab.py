"""The fault lab fails by plan and by lot, holds requests at its gates, and keeps accounts of what it took, in a process of its own."""

import json
import threading
from collections import Counter
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from castlist.model.providing import Account, Provider, Transport
from castlist.testing.contract import ProviderContract
from castlist.testing.emulator import serve
from castlist.testing.lab import Lab
from castlist.testing.lab_control import LabControl, run_lab
from castlist.testing.lab_provider import LabProvider


def post(lab: LabControl, **fields: str) -> dict[str, object]:
    """One submission; the answer's body."""
    request = Request(f"{lab.base_url}/videos", json.dumps(fields).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=20) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def lab():
    with run_lab(lasts=0) as lab:
        yield lab


class TestLabProvider(ProviderContract):
    model = "lab-1"

    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve(Lab(key="sk-lab")) as upstream:
            self.api_base = upstream.base_url
            yield

    def provider(self, http: Transport) -> Provider:
        return LabProvider(Account("lab", "lab", api_base=self.api_base, api_key="sk-lab"), http)


def test_what_is_accepted_is_in_the_accounts_by_id_and_by_the_callers_reference(lab):
    before = lab.accounts()
    first = post(lab, prompt="a fox", seconds="8", client_reference="ref-1")
    failing = post(lab, prompt="a lost fox", seconds="8", model="m?job=fail")
    with pytest.raises(HTTPError, match="400"):
        post(lab, seconds="8")

    after = lab.accounts()
    new = after.taken[len(before.taken) :]

    assert [(each.id, each.reference, each.prompt, each.micros) for each in new] == [
        (first["id"], "ref-1", "a fox", 800_000),
        (failing["id"], None, "a lost fox", 0),
    ]
    assert after.micros - before.micros == 800_000


def test_a_gate_holds_the_answer_to_what_is_accepted_until_it_is_opened(lab):
    before, answers = len(lab.accounts().taken), []
    lab.close("accepted")
    waiting = threading.Thread(target=lambda: answers.append(post(lab, prompt="held")))
    waiting.start()
    try:
        assert lab.wait_held("accepted") == 1
        held = lab.accounts().taken[before:]
        assert ([each.prompt for each in held], answers) == (["held"], [])
    finally:
        lab.open("accepted")
        waiting.join(20)

    assert answers[0]["id"] == held[0].id


def test_of_a_caller_that_hangs_up_before_it_is_accepted_nothing_is_taken(lab):
    before = len(lab.accounts().taken)
    lab.close("received")
    try:
        with pytest.raises(TimeoutError):
            urlopen(Request(f"{lab.base_url}/videos", b'{"prompt": "gone"}', {"Content-Type": "application/json"}), timeout=0.5)
    finally:
        lab.open("received")
    after = post(lab, prompt="next")

    assert [each.id for each in lab.accounts().taken[before:]] == [after["id"]]


def test_lots_are_about_as_often_as_said_and_the_same_for_a_seed():
    def cast(seed: int) -> list[str | None]:
        upstream = Lab(seed=seed, chances={"create": {"lose": 0.05, "rate_limit": 0.05}, "poll": {"error": 0.5}})
        drawn = []
        for _ in range(2000):
            drawn.append(upstream.next_fault("create"))
            if seed == 7:
                upstream.next_fault("poll")
        return drawn

    found = cast(7)
    counts = Counter(found)
    again = Lab(seed=7, chances={"create": {"lose": 0.05, "rate_limit": 0.05}})

    assert 60 < counts["lose"] < 140
    assert 60 < counts["rate_limit"] < 140
    assert [again.next_fault("create") for _ in range(2000)] == found
    assert cast(8) != found


def test_lots_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="no fault 'loose' of 'create'"):
        Lab(chances={"create": {"loose": 0.1}})
    with pytest.raises(ValueError, match="come to 1 at most"):
        Lab(chances={"create": {"lose": 0.6, "error": 0.6}})


def test_a_link_whose_time_is_over_answers_403_and_the_next_one_is_good(lab):
    id = post(lab, prompt="a fox", seconds="4")["id"]
    lab.break_next("content", "expired")

    with pytest.raises(HTTPError) as refused:
        urlopen(f"{lab.base_url}/videos/{id}/content", timeout=20)
    with urlopen(f"{lab.base_url}/videos/{id}/content", timeout=20) as answer:
        content = answer.read()

    assert refused.value.code == 403
    assert b"Request has expired" in refused.value.read()
    assert content[4:8] == b"ftyp"
