"""Links to stored files for providers that read a file by its address: signed, of a day, for one file."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from castlist import providers
from castlist.assembly import open_gateway
from castlist.catalogue import list_entries
from castlist.config import Overrides, load
from castlist.errors import ConfigError, Forbidden
from castlist.model.capabilities import SOURCE
from castlist.model.characters import Subject
from castlist.model.providing import Media
from castlist.providers import kling_models
from castlist.server.signing import FETCH_LIFE, Signer
from providers.emulators.kling import KlingEmulator, serve_kling
from server.conftest import KEY, Server, run_server
from server.finished import VIDEO_BYTES, add_character, add_finished

PUBLIC = "https://video.example.com/castlist"
CONFIG = """
model_list:
  - {model_name: sora-2, litellm_params: {model: fake/instant}}
  - {model_name: kling, litellm_params: {model: kling/kling-3.0-omni, api_base: '%s', api_key: kling-planted}}
  - {model_name: older, litellm_params: {model: kling/kling-o1, api_base: '%s', api_key: kling-planted}}
  - {model_name: either, litellm_params: {model: kling/kling-3.0-omni, api_base: '%s', api_key: kling-planted}}
  - {model_name: either, litellm_params: {model: fake/instant}}
"""
FILM = Media("asset_1", "video/mp4", 3)


@pytest.fixture(scope="module")
def upstream() -> Iterator[KlingEmulator]:
    with serve_kling(key="kling-planted", lasts=0) as server:
        yield server


def _serve(folder: Path, upstream: KlingEmulator, ours: str) -> Iterator[Server]:
    yield from run_server(folder, f"{CONFIG % ((upstream.base_url,) * 3)}\ngeneral_settings: {{master_key: {KEY}}}\n{ours}")


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory, upstream: KlingEmulator) -> Iterator[Server]:
    """A gateway that the internet reaches."""
    yield from _serve(tmp_path_factory.mktemp("public"), upstream, f"castlist: {{media: {{public_base_url: '{PUBLIC}/'}}}}")


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory, upstream: KlingEmulator) -> Iterator[Server]:
    """One that it does not."""
    yield from _serve(tmp_path_factory.mktemp("hidden"), upstream, "")


def _edit(server: Server) -> dict[str, object]:
    return {"prompt": "Warm light", "model": "kling", "video": {"id": add_finished(server)}}


@pytest.fixture(scope="module")
def link(public: Server, upstream: KlingEmulator) -> str:
    """The address at which the vendor was told to read a video that was made elsewhere."""
    made = public.post("/v1/videos/edits", _edit(public))
    assert made.status == 200, made.body
    public.finish(str(made.json["id"]))
    (document,) = upstream.sent("/kling-3.0-omni")
    assert isinstance(document, dict)
    return next(str(item["url"]) for item in document["contents"] if item["type"] == "base_video")


def test_a_provider_reads_a_video_made_elsewhere_by_a_link_without_a_key(public: Server, link: str) -> None:
    parts = urlsplit(link)

    assert link.startswith(f"{PUBLIC}/v1/media/asset_")
    assert parts.path.endswith(".mp4")
    reply = public.ask("GET", f"{parts.path.removeprefix('/castlist')}?{parts.query}", headers={"Authorization": ""})
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, VIDEO_BYTES, "video/mp4")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("variant=file", "variant=video"),
        ("signature=", "signature=0"),
        ("expires=", "expires=9"),
        (".mp4?", ".png?"),
        ("?variant", "?x&variant"),
    ],
)
def test_a_link_that_was_changed_leads_nowhere(public: Server, link: str, old: str, new: str) -> None:
    parts = urlsplit(link.replace(old, new))

    reply = public.ask("GET", f"{parts.path.removeprefix('/castlist')}?{parts.query}", headers={"Authorization": ""})

    assert reply.status in {400, 403}
    assert VIDEO_BYTES[:64] not in reply.body


def test_a_key_does_not_open_a_file_without_a_link(public: Server, link: str) -> None:
    reply = public.ask("GET", urlsplit(link).path.removeprefix("/castlist"))

    assert (reply.status, reply.error["code"]) == (403, "invalid_link")


def _of_a_person(server: Server, **more: object) -> dict[str, object]:
    ana = add_character(server, "Ana", subject=Subject.HUMAN)
    return {"prompt": "Ana waves", "model": "kling", "seconds": "5", "size": "1280x720", "characters": [{"id": ana}], **more}


DEGRADE = {"castlist": {"on_unsupported": "degrade"}}
NEEDING: dict[str, tuple[str, Callable[[Server], dict[str, object]]]] = {
    "edit": ("/edits", _edit),
    "edit by the other model": ("/edits", lambda server: {**_edit(server), "model": "older"}),
    "edit where a step down is allowed": ("/edits", lambda server: {**_edit(server), **DEGRADE}),
    "next shot": ("/extensions", lambda server: {**_edit(server), "seconds": "5", **DEGRADE}),
    "person": ("", _of_a_person),
}
KINDS = {"": "create", "/edits": "edit", "/extensions": "extend"}


@pytest.mark.parametrize("what", NEEDING)
def test_without_a_public_address_plan_and_submission_refuse_alike_and_nothing_is_sent(
    hidden: Server, upstream: KlingEmulator, what: str
) -> None:
    path, make = NEEDING[what]
    body, before = make(hidden), dict(upstream.counts)

    planned = hidden.post("/v1/videos/plan", {"operation": KINDS[path], **body})
    sent = hidden.post(f"/v1/videos{path}", body)

    assert (planned.status, planned.error["code"]) == (400, "public_url_required"), planned.body
    assert (sent.status, sent.error) == (400, planned.error)
    assert "set media.public_base_url" in str(sent.error["message"])
    assert upstream.counts == before


def test_a_remix_needs_an_address_as_well(hidden: Server) -> None:
    source = add_finished(hidden)

    planned = hidden.post("/v1/videos/plan", {"operation": "remix", "prompt": "Warm light", "model": "kling", "video": {"id": source}})
    sent = hidden.post(f"/v1/videos/{source}/remix", {"prompt": "Warm light", "model": "kling"})

    assert (sent.status, sent.error) == (400, planned.error)
    assert sent.error["code"] == "public_url_required"


def test_a_person_goes_by_stills_where_that_is_allowed_or_the_model_reads_no_clip(hidden: Server) -> None:
    for more in (DEGRADE, {"model": "older"}):
        planned = hidden.post("/v1/videos/plan", _of_a_person(hidden, **more))

        assert planned.status == 200, planned.body
        ((member,),) = [each["cast"] for each in planned.json["deployments"]]
        assert {piece["variant"] for piece in member["media"]} == {"jpeg-0", "jpeg-1"}


def test_another_deployment_takes_what_one_cannot_read(hidden: Server) -> None:
    made = hidden.post("/v1/videos", _of_a_person(hidden, model="either"))

    assert made.status == 200, made.body
    assert hidden.finish(str(made.json["id"]))["status"] == "completed"


LINKING = {"kling": kling_models.limits}
"""By provider, what tells of the models of an adapter that gives addresses of ours away."""


def test_every_adapter_that_gives_addresses_away_says_what_for() -> None:
    files = Path(providers.__file__).parent.glob("*.py")
    found = {name for file in files if "http.link(" in file.read_text() for name in providers.OURS if file.stem.startswith(name)}

    assert found == set(LINKING)
    for name, tell in LINKING.items():
        assert all(SOURCE in tell(entry.model).links for entry in list_entries(name))


def test_a_plan_says_so_as_well_and_needs_no_link_where_there_is_one(hidden: Server, public: Server) -> None:
    refused = hidden.post("/v1/videos/plan", {"operation": "edit", **_edit(hidden)})
    planned = public.post("/v1/videos/plan", {"operation": "edit", **_edit(public)})

    assert b"media.public_base_url" in refused.body
    assert planned.status == 200, planned.body
    assert b"signature" not in planned.body


def test_a_link_for_a_provider_lives_a_day_and_no_longer() -> None:
    now = [datetime(2026, 11, 22, 12, 4, 59, tzinfo=UTC)]
    signer = Signer(b"k" * 32, lambda: now[0], PUBLIC)
    query = dict(parse_qsl(urlsplit(signer.publish(FILM) or "").query))

    now[0] += timedelta(seconds=FETCH_LIFE - 300)
    signer.admits("/media/asset_1.mp4", query)
    now[0] += timedelta(seconds=301)

    with pytest.raises(Forbidden, match="expired"):
        signer.admits("/media/asset_1.mp4", query)


def test_a_gateway_that_is_reached_from_outside_is_never_open(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="exclude each other"):
        _open(tmp_path, Overrides(no_auth=True))
    assert not _open(tmp_path, Overrides())


def _open(folder: Path, overrides: Overrides) -> bool:
    """Whether a gateway of the embedded renderer, with a public address, takes callers without a key."""
    path = folder / "castlist.yaml"
    path.write_text(f"castlist: {{media: {{public_base_url: '{PUBLIC}'}}}}")

    async def look() -> bool:
        gateway = await open_gateway(
            load(path, environ={"CASTLIST_DATA": str(folder / "data")}, overrides=overrides), serving=True, worker=False
        )
        await gateway.stop()
        return gateway.open_mode

    return asyncio.run(look())


def test_the_links_of_an_answer_lead_through_the_public_address(public: Server) -> None:
    video = public.ask("GET", f"/v1/videos/{add_finished(public)}").json
    castlist = video["castlist"]
    assert isinstance(castlist, dict)
    parts = urlsplit(castlist["urls"]["video"])

    assert castlist["urls"]["video"].startswith(f"{PUBLIC}/v1/videos/")
    reply = public.ask("GET", f"{parts.path.removeprefix('/castlist')}?{parts.query}", headers={"Authorization": "", "Host": "inner"})
    assert (reply.status, reply.body) == (200, VIDEO_BYTES)
