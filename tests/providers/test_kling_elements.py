"""Elements of Kling's library: made of a character's stills, waited for, named by their id, deleted."""

from dataclasses import replace

import pytest

from castlist.errors import Ambiguous, HandleGone, Moderated, ProviderError, Refused, Retry
from castlist.model.providing import Handle, Phase, Ticket
from castlist.providers.kling_elements import shorten
from providers.emulators.kling import FIRST_ELEMENT, KlingEmulator, serve_kling
from providers.emulators.kling_shapes import complain_of_element
from providers.emulators.strict import mutate
from providers.kling_runs import KEY, PAIR, bound, colour, create, element, is_painted, member, order, run, start, submit


@pytest.fixture
def upstream():
    with serve_kling(key=KEY, pair=PAIR, lasts=0) as server:
        yield server


def asked(upstream):
    (document,) = [each.document for each in upstream.requests if each.path.endswith("/advanced-custom-elements")]
    return document


@pytest.mark.parametrize("key", [KEY, PAIR])
def test_an_element_is_made_of_one_front_and_up_to_three_others(upstream, tmp_path, key):
    handle = run(upstream, tmp_path, lambda provider: element(provider, member(tmp_path, "Luna")), key=key)

    document = asked(upstream)
    assert handle == Handle(str(FIRST_ELEMENT))
    assert (document["element_name"], document["element_description"]) == ("Luna", "Luna")
    assert document["reference_type"] == "image_refer"
    assert [is_painted(pixels, colour("luna", n)) for n, pixels in enumerate(upstream.shown(handle.value))] == [True] * 4


def test_plain_stills_stand_in_for_forms_that_were_not_made(upstream, tmp_path):
    luna = member(tmp_path, "Luna", stills=2)
    plain = replace(luna, media={name.replace("jpeg", "still"): asset for name, asset in luna.media.items()})
    handle = run(upstream, tmp_path, lambda provider: element(provider, plain))

    assert len(upstream.shown(handle.value)) == 2


def test_one_still_makes_no_element(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, lambda provider: start(provider, member(tmp_path, "Luna", stills=1)))

    assert caught.value.code == "character_source_unsuitable"
    assert upstream.counts["element"] == 0


def test_long_names_and_descriptions_are_cut_to_what_is_taken(upstream, tmp_path):
    luna = replace(member(tmp_path, "Luna"), name="Luna of the northern lights")
    run(upstream, tmp_path, lambda provider: start(provider, luna, description="A fox.\n" * 40))

    document = asked(upstream)
    assert document["element_name"] == "Luna of the norther…"
    assert (len(document["element_description"]), document["element_description"][-1]) == (100, "…")


def test_an_empty_line_is_none():
    assert shorten(" a \n b ", 20) == "a b"


MAKINGS = {
    "stick": (Phase.RUNNING, None, False),
    "fail": (Phase.FAILED, "provider_failed", False),
    "risk": (Phase.FAILED, "moderation_blocked", True),
    "nameless": (Phase.FAILED, "provider_failed", False),
    "gone": (Phase.FAILED, "provider_failed", False),
}


@pytest.mark.parametrize("fate", MAKINGS)
def test_how_the_making_of_an_element_ends_is_told(upstream, tmp_path, fate):
    upstream.break_next("making", fate)

    async def act(provider):
        return await provider.poll_binding(await start(provider, member(tmp_path, "Luna")))

    progress = run(upstream, tmp_path, act)
    code = progress.failure.code if progress.failure else None
    assert (progress.phase, code, progress.moderated) == MAKINGS[fate]


def test_a_word_that_nobody_knows_is_an_element_in_the_making(tmp_path):
    with serve_kling(key=KEY, lasts=60) as upstream:
        upstream.break_next("making", "strange")

        async def act(provider):
            return await provider.poll_binding(await start(provider, member(tmp_path, "Luna")))

        assert run(upstream, tmp_path, act).phase is Phase.RUNNING


def test_an_element_that_was_deleted_as_soon_as_it_was_made_is_no_handle(upstream, tmp_path):
    async def act(provider):
        ticket = await start(provider, member(tmp_path, "Luna"))
        await provider.unbind(Handle(str(FIRST_ELEMENT)))
        return await provider.poll_binding(ticket)

    assert run(upstream, tmp_path, act).phase is Phase.FAILED


def test_an_element_that_nobody_asked_for_has_failed(upstream, tmp_path):
    progress = run(upstream, tmp_path, lambda provider: provider.poll_binding(Ticket({"element_task": "nothing"})))

    assert progress.phase is Phase.FAILED


ASKING = {
    "lose": (Ambiguous, "provider_unknown", Retry.NEVER),
    "error": (Ambiguous, "provider_unknown", Retry.NEVER),
    "moderated": (Moderated, "moderation_blocked", Retry.NEVER),
    "parallel": (Refused, "provider_rate_limited", Retry.SAME),
    "no_id": (ProviderError, "provider_error", Retry.SAME),
}


@pytest.mark.parametrize("fault", ASKING)
def test_what_is_said_to_the_wish_for_an_element_is_told(upstream, tmp_path, fault):
    upstream.break_next("element", fault)

    with pytest.raises(ProviderError) as caught:
        run(upstream, tmp_path, lambda provider: start(provider, member(tmp_path, "Luna")))

    assert (type(caught.value), caught.value.code, caught.value.retry) == ASKING[fault]


def test_every_fault_of_the_library_is_met_somewhere_here():
    assert KlingEmulator.faults["element"] == set(ASKING)
    assert KlingEmulator.faults["making"] == {*MAKINGS, "strange"}


def test_an_element_is_deleted_and_that_can_be_said_twice(upstream, tmp_path):
    async def act(provider):
        handle = await element(provider, member(tmp_path, "Luna"))
        await provider.unbind(handle)
        await provider.unbind(handle)
        await provider.unbind(Handle("162"))

    run(upstream, tmp_path, act)
    assert [each.deleted for each in upstream.elements.values()] == [True]


def test_an_element_is_not_deleted_with_a_wrong_key(upstream, tmp_path):
    handle = run(upstream, tmp_path, lambda provider: element(provider, member(tmp_path, "Luna")))
    with pytest.raises(Refused):
        run(upstream, tmp_path, lambda provider: provider.unbind(handle), key="kling-old")

    assert [each.deleted for each in upstream.elements.values()] == [False]


@pytest.mark.parametrize("key", [KEY, PAIR])
def test_an_element_that_was_deleted_upstream_is_a_handle_that_is_gone(upstream, tmp_path, key):
    async def act(provider):
        luna, mossy = await bound(provider, tmp_path, "Luna"), await bound(provider, tmp_path, "Mossy")
        await provider.unbind(Handle(luna.handle))
        with pytest.raises(HandleGone) as caught:
            await submit(provider, order(tmp_path, create("Mossy meets Luna"), cast=[luna, mossy]))
        return caught.value.handles, luna.handle

    handles, lost = run(upstream, tmp_path, act, key=key)
    assert handles == (lost,)
    assert upstream.counts["accepted"] == 0


def test_the_emulator_takes_no_element_with_a_field_wrong(upstream, tmp_path):
    run(upstream, tmp_path, lambda provider: start(provider, member(tmp_path, "Luna")))
    document = asked(upstream)
    taken = {how for how, other in mutate(document) if not complain_of_element(other)}

    assert complain_of_element(document) is None
    assert taken <= {".element_name another word", ".element_description another word"}
