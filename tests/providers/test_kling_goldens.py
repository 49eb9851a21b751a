"""The kling adapter and its emulator beside what the vendor's pages print, as `kling_goldens.json` has it with addresses and date."""

import json
import re
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from castlist.errors import Ambiguous, Moderated, Refused
from castlist.model.characters import Fidelity
from castlist.model.operations import Size
from castlist.model.providing import Reply, Ticket
from castlist.providers.kling_replies import judge_paid, read_element, read_id, read_link, read_tasks
from providers.emulators.kling import serve_kling
from providers.emulators.kling_shapes import complain_of_element, complain_of_omni
from providers.emulators.strict import mutate
from providers.kling_runs import FULL, KEY, MODEL, bound, create, documents, follow_up, member, order, run, source, start, submit

GOLDENS = json.loads(Path(__file__).with_name("kling_goldens.json").read_text(encoding="utf-8"))
REQUESTS, ANSWERS = GOLDENS["requests"], GOLDENS["answers"]
PARROT = REQUESTS["only prompt"]["contents"][0]["text"]

IGNORED = {
    "options.callback_url": "never sent: a callback could be forged, and the poll is enough",
    "options.watermark_info": "ours says off, which is the vendor's default",
    "options.external_task_id": "the vendor's is empty, ours is the name of the attempt",
    "url": "the vendor's pictures are links, ours are in base 64; which videos are meant is compared elsewhere",
    "element_id": "the vendor's elements are its own",
    "tags in text": "ours names each character and what shows it",
    "last_frame": "no order of ours has one",
    "settings.duration": "the vendor's follow-ups leave it to the model",
    "settings.aspect_ratio": "the vendor's example without anything leaves it out where its table calls it required",
}
"""What is not compared, and why: the one list for all requests for a video."""

TAGS = re.compile(r"^Featuring .*?\)\. | \(@[^)]*\)")


@pytest.fixture
def upstream():
    with serve_kling(key=KEY, lasts=0) as server:
        yield server


def canonical(document, *, follows):
    """A request for a video without what is ignored."""
    contents = [
        {key: value for key, value in item.items() if key not in {"url", "element_id"}} | sorted_out(item)
        for item in document.get("contents", ())
        if item.get("type") != "last_frame"
    ]
    loose = {"duration", "aspect_ratio"} if follows else {"aspect_ratio"}
    settings = {key: value for key, value in document.get("settings", {}).items() if key not in loose}
    options = {key: "" if key == "external_task_id" else value for key, value in document.get("options", {}).items()}
    options = {key: value for key, value in options.items() if key not in {"callback_url", "watermark_info"}}
    return {**document, "contents": contents, "settings": settings, "options": options}


def sorted_out(item):
    given = {key: key in item for key in ("url", "element_id")}
    return given | ({"text": TAGS.sub("", item["text"])} if "text" in item else {})


async def _alone(provider, folder):
    return order(folder, create(PARROT, size=FULL, seconds=5, options={"audio": "on"}))


async def _frame(provider, folder):
    cast = [member(folder, "Luna", stills=1, fidelity=Fidelity.REFERENCE)]
    return order(folder, create(PARROT, frame="frame.png", size=FULL, seconds=5, options={"audio": "on"}), cast=cast)


async def _elements(provider, folder):
    cast = [await bound(provider, folder, name) for name in ("Element 1", "Element 2")]
    wish = {"audio": "on", "multi_shot": "on"}
    return order(folder, create(PARROT, frame="frame.png", size=FULL, seconds=5, options=wish), cast=cast)


async def _follow(provider, folder, kind, size):
    ticket = await submit(provider, order(folder, reference="video_0"))
    return order(folder, follow_up(kind, PARROT, of=source(size=size), degrade=True), ticket=ticket.data)


INTENTS = {
    "only prompt": _alone,
    "first_frame & refer_image": _frame,
    "first_frame & last_frame & element": _elements,
    "feature_video": lambda provider, folder: _follow(provider, folder, "extend", Size(3840, 2160)),
    "base_video": lambda provider, folder: _follow(provider, folder, "edit", FULL),
}


def ours(upstream, folder, name):
    async def act(provider):
        await submit(provider, await INTENTS[name](provider, folder))

    run(upstream, folder, act)
    return documents(upstream)[-1]


def follows(name):
    return name.endswith("_video")


@pytest.mark.parametrize("name", INTENTS)
def test_the_same_intent_makes_the_request_that_the_vendor_prints(upstream, tmp_path, name):
    document = ours(upstream, tmp_path, name)

    assert canonical(document, follows=follows(name)) == canonical(REQUESTS[name], follows=follows(name))


@pytest.mark.parametrize("name", INTENTS)
def test_an_adapter_with_one_field_wrong_is_noticed(upstream, tmp_path, name):
    document = ours(upstream, tmp_path, name)
    expected = canonical(REQUESTS[name], follows=follows(name))

    missed = {how for how, other in mutate(document) if canonical(other, follows=follows(name)) == expected}

    allowed = ["external_task_id another word", "url another word", "element_id another word"]
    allowed += [f"{field} {how}" for field in ("watermark_info", "aspect_ratio", "duration") for how in ("dropped", "another word")]
    allowed += ["watermark_info.enabled dropped", "watermark_info.enabled renamed"]
    assert {how for how in missed if not how.endswith(tuple(allowed))} == set()
    assert len(list(mutate(document))) - len(missed) > 15


@pytest.mark.parametrize("name", INTENTS)
def test_the_emulator_takes_what_the_vendor_prints(name):
    words = complain_of_omni(MODEL, REQUESTS[name])

    assert words == ("aspect_ratio is required" if name == "only prompt" else None)


def test_an_element_is_asked_for_as_the_vendor_prints_it(upstream, tmp_path):
    run(upstream, tmp_path, lambda provider: start(provider, member(tmp_path, "Luna", stills=3)))
    (document,) = [each.document for each in upstream.requests]
    golden = REQUESTS["element of images"]

    optional = {"element_voice_id", "callback_url", "external_task_id", "tag_list"}
    assert set(document) == set(golden) - optional
    assert document["reference_type"] == golden["reference_type"]
    assert shape(document["element_image_list"]) == shape(golden["element_image_list"])
    assert [how for how, other in mutate(document) if how.endswith("renamed") and not complain_of_element(other)] == []


def shape(value):
    """The names in a document, without its values."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__


def unknown(value, golden, at=""):
    """The names in an answer that the golden one has not."""
    if isinstance(value, dict) and isinstance(golden, dict):
        found = [f"{at}.{key}" for key in value if key not in golden and golden]
        return found + [each for key, inner in value.items() if key in golden for each in unknown(inner, golden[key], f"{at}.{key}")]
    if isinstance(value, list) and isinstance(golden, list) and golden:
        return [each for inner in value for each in unknown(inner, golden[0], at)]
    return []


def ask(upstream, path, document=None):
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(
        f"{upstream.base_url}{path}", body, {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as reply:
        return json.load(reply)


def test_the_emulator_answers_in_the_shapes_that_the_vendor_prints(upstream, tmp_path):
    ticket = run(upstream, tmp_path, lambda provider: start(provider, member(tmp_path, "Luna")))
    (element,) = [each.document for each in upstream.requests]
    video = {**REQUESTS["base_video"], "options": {"external_task_id": "video_9"}}
    made = ask(upstream, "/omni-video/kling-3.0-omni", video)
    answers = {
        "create": made,
        "tasks": ask(upstream, f"/tasks?task_ids={made['data']['id']}"),
        "create element": ask(upstream, "/v1/general/advanced-custom-elements", element),
        "element": ask(upstream, f"/v1/general/advanced-custom-elements/{ticket.data['element_task']}"),
        "delete element": ask(upstream, "/v1/general/delete-advanced-elements", {"element_id": "829836802793406551"}),
    }

    assert {name: unknown(answer, ANSWERS[name]) for name, answer in answers.items()} == {name: [] for name in answers}
    whole = ("create", "create element", "delete element")
    assert [name for name in whole if shape(answers[name]) != shape(ANSWERS[name])] == []
    assert answers["tasks"]["data"][0].keys() == ANSWERS["tasks"]["data"][0].keys()


def reply(document, status=200):
    return Reply(status, {}, json.dumps(document).encode())


def test_the_adapter_reads_what_the_vendor_prints():
    (task,) = read_tasks(reply(ANSWERS["tasks"])).values()
    element = json.loads(json.dumps(ANSWERS["element"]).replace('"element_id": 0', '"element_id": 829836802793406551'))

    assert read_id(reply(ANSWERS["create"])) == "string"
    assert (task["id"], read_link(task)) == ("893605946402811985", "string")
    assert read_id(reply(ANSWERS["create element"])) == "string"
    assert read_element(next(iter(read_tasks(reply(element)).values()))) == "829836802793406551"


MEANINGS = {
    1000: "provider_auth_failed", 1001: "provider_auth_failed", 1002: "provider_auth_failed", 1003: "provider_auth_failed",
    1004: "provider_auth_failed", 1100: "provider_quota_exceeded", 1101: "provider_quota_exceeded", 1102: "provider_quota_exceeded",
    1103: "provider_auth_failed", 1200: "provider_refused", 1201: "provider_refused", 1202: "provider_refused", 1203: "provider_refused",
    1300: "moderation_blocked", 1301: "moderation_blocked", 1302: "provider_rate_limited", 1303: "provider_rate_limited",
    1304: "provider_auth_failed", 5000: "provider_unknown", 5001: "provider_rate_limited", 5002: "provider_unknown",
}  # fmt: skip


@pytest.mark.parametrize(("status", "code"), GOLDENS["errors"])
def test_every_error_on_the_vendors_page_has_a_meaning(status, code):
    with pytest.raises((Refused, Moderated, Ambiguous)) as caught:
        judge_paid(reply({"code": code, "message": "words", "request_id": "r"}, status))

    assert caught.value.code == MEANINGS[code]


def test_an_error_as_the_vendor_prints_it():
    with pytest.raises(Refused) as caught:
        judge_paid(reply(ANSWERS["too many tasks"], 429))

    assert caught.value.message.endswith("(1303): parallel task over resource pack limit")


def test_the_standard_webhooks_library_makes_the_vendors_signature():
    vector = GOLDENS["webhook"]
    at = datetime.fromtimestamp(int(vector["timestamp"]), UTC)

    assert Webhook(vector["secret"]).sign(vector["id"], at, vector["body"]) == vector["signature"]
    assert Webhook(vector["secret"]).sign(vector["id"], at, vector["body"].replace("1234567890", "1234567891")) != vector["signature"]


def test_a_task_as_it_stands_in_a_callback_is_read_like_one_that_was_asked_for():
    task = json.loads(GOLDENS["webhook"]["body"])

    assert list(read_tasks(reply({"code": 0, "data": task}))) == [Ticket({"id": "1234567890"}).data["id"]]
