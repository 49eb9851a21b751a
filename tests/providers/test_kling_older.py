"""The kling adapter with a pair of keys, which is signed into a token and speaks the older API."""

import pytest

from castlist.errors import Refused
from castlist.model.providing import Account
from castlist.providers.kling import Kling
from castlist.testing import ProviderContract
from providers.emulators.kling import serve_kling
from providers.emulators.kling_shapes import complain_of_older, unpack
from providers.kling_runs import (
    FULL,
    MODEL,
    PAIR,
    bound,
    colour,
    create,
    documents,
    follow_up,
    is_painted,
    member,
    order,
    run,
    sent,
    submit,
)


@pytest.fixture
def upstream():
    with serve_kling(pair=PAIR, lasts=0) as server:
        yield server


def test_a_pair_of_keys_speaks_the_older_api(upstream, tmp_path):
    async def act(provider):
        cast = [await bound(provider, tmp_path, "Luna"), member(tmp_path, "Mossy", stills=1)]
        await submit(provider, order(tmp_path, create("Mossy meets Luna", frame="frame.png", size=FULL), cast=cast))

    run(upstream, tmp_path, act, key=PAIR)
    (document,) = documents(upstream)
    pictures = document.pop("image_list")
    assert document == {
        "model_name": "kling-v3-omni",
        "prompt": "Mossy (<<<image_2>>>) meets Luna (<<<element_1>>>)",
        "mode": "pro",
        "sound": "off",
        "duration": "8",
        "element_list": [{"element_id": 829836802793406551}],
        "external_task_id": "video_1",
    }
    assert [picture.get("type") for picture in pictures] == ["first_frame", None]
    assert is_painted(unpack(pictures[1]["image_url"]), colour("mossy"))


def test_the_older_api_edits_and_follows(upstream, tmp_path):
    async def act(provider):
        ticket = await submit(provider, order(tmp_path, create("Storm", options={"audio": "on", "multi_shot": "on"})))
        for n, kind in enumerate(("edit", "extend")):
            operation = follow_up(kind, degrade=True)
            await submit(provider, order(tmp_path, operation, ticket=ticket.data, reference=f"video_{n + 2}"))
        return ticket

    ticket = run(upstream, tmp_path, act, key=PAIR)
    first, edit, extension = documents(upstream)
    url = f"{upstream.base_url}/out/{ticket.data['id']}"
    assert (first["sound"], first["multi_shot"], first["shot_type"]) == ("on", True, "intelligence")
    assert edit["video_list"] == [{"video_url": f"{url}/1.mp4", "refer_type": "base", "keep_original_sound": "yes"}]
    assert extension["video_list"] == [{"video_url": f"{url}/2.mp4", "refer_type": "feature", "keep_original_sound": "no"}]
    assert "duration" not in edit
    assert extension["duration"] == "4"
    assert complain_of_older({**edit, "sound": "on"}) is not None


def test_the_wrong_one_of_a_pair_is_not_let_in(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        sent(upstream, tmp_path, order(tmp_path), key="access-live:secret-old")

    assert caught.value.code == "provider_auth_failed"
    assert "secret" not in caught.value.message


class TestContract(ProviderContract):
    model = MODEL

    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve_kling(pair=PAIR) as upstream:
            self.api_base = upstream.base_url
            yield

    def provider(self, http):
        return Kling(Account("local", "kling", api_base=self.api_base, api_key=PAIR), http)
