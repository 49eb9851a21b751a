"""Characters as rows, and what their deletion takes along."""

from dataclasses import replace
from datetime import timedelta

import pytest

from castlist.errors import NotFound
from castlist.model.characters import Binding, BindingState, CharacterState
from castlist.model.jobs import State
from storage.samples import NOON, a_character, a_job, create, everything, held, store

pytestmark = pytest.mark.anyio


async def test_every_field_of_a_character_is_kept(storage):
    _, _, character = everything()
    await storage.characters.add(character)

    assert await storage.characters.get("default", character.id) == character


async def test_another_project_s_character_reads_as_unknown(storage):
    character = a_character(project="theirs")
    await storage.characters.add(character)

    assert await storage.characters.get("default", character.id) is None
    assert await storage.characters.named("default", character.name) is None
    assert await storage.characters.same("default", character.digest, NOON) is None
    assert await storage.characters.delete("default", character.id) is None
    assert await storage.characters.any(character.id) == character


async def test_a_name_means_the_newest_living_one(storage):
    old, new = a_character(), a_character(at=NOON + timedelta(seconds=1))
    for character in (new, old):
        await storage.characters.add(character)

    assert await storage.characters.named("default", "Mossy") == new
    await storage.characters.delete("default", new.id)
    assert await storage.characters.named("default", "Mossy") == old
    assert await storage.characters.named("default", "mossy") is None


async def test_the_same_upload_is_found_within_its_time_unless_it_failed_or_was_deleted(storage):
    character = a_character()
    await storage.characters.add(character)

    assert await storage.characters.same("default", character.digest, NOON) == character
    assert await storage.characters.same("default", character.digest, NOON + timedelta(seconds=1)) is None
    assert await storage.characters.same("default", "another digest", NOON) is None
    [claimed] = await storage.characters.claim(limit=1, lease=30)
    await storage.characters.save(replace(claimed, state=CharacterState.FAILED, error="undecodable"))
    assert await storage.characters.same("default", character.digest, NOON) is None


async def test_pages_of_characters_join_to_the_whole(storage):
    cast = [a_character(name, at=NOON + timedelta(seconds=i)) for i, name in enumerate("ABAC")]
    for character in [*cast, a_character("A", project="theirs")]:
        await storage.characters.add(character)

    first = await storage.characters.page("default", after=None, limit=3, order="desc", name=None)
    rest = await storage.characters.page("default", after=first.items[-1].id, limit=3, order="desc", name=None)
    named = await storage.characters.page("default", after=None, limit=3, order="asc", name="A")

    assert [*first.items, *rest.items] == cast[::-1]
    assert (first.has_more, rest.has_more) == (True, False)
    assert named.items == (cast[0], cast[2])
    with pytest.raises(NotFound, match="after is the id of an item"):
        await storage.characters.page("default", after="char_x", limit=3, order="asc", name=None)


async def test_deriving_adds_assets_with_the_character(storage, tmp_path):
    character = a_character()
    await storage.characters.add(character)
    [claimed] = await storage.characters.claim(limit=1, lease=30)
    asset = await store(storage, tmp_path)
    ready = replace(claimed, state=CharacterState.READY, assets={"video": asset.id})

    assert await storage.characters.save(ready, assets=[asset]) is True
    assert await storage.characters.get("default", character.id) == ready
    assert await storage.assets.get(asset.id) == asset


async def test_deleting_fails_the_queued_jobs_and_keeps_the_finished(storage):
    character, other = a_character(), a_character("Luna")
    for each in (character, other):
        await storage.characters.add(each)
    leased = await held(storage, a_job(create(character.id, other.id)))
    running, done = a_job(create(character.id), state=State.RUNNING), a_job(create(character.id), state=State.SUCCEEDED)
    unrelated = a_job(create(other.id))
    for job in (running, done, unrelated):
        await storage.jobs.add(job)

    assert (await storage.characters.delete("default", character.id)).deleted_at == NOON

    failed = await storage.jobs.get("default", leased.id)
    assert (failed.state, failed.error.code) == (State.FAILED, "character_deleted")
    assert await storage.jobs.save(leased.to(State.PREPARING)) is False
    assert [(await storage.jobs.get("default", job.id)).state for job in (running, done, unrelated)] == [
        State.RUNNING,
        State.SUCCEEDED,
        State.QUEUED,
    ]
    assert await storage.characters.get("default", character.id) is None
    assert await storage.characters.delete("default", character.id) is None
    assert (await storage.characters.any(character.id)).deleted_at == NOON


async def test_a_deleted_character_is_not_derived_any_more(storage):
    character = a_character()
    await storage.characters.add(character)
    [claimed] = await storage.characters.claim(limit=1, lease=30)
    await storage.characters.delete("default", character.id)

    assert await storage.characters.save(replace(claimed, state=CharacterState.READY)) is False
    assert await storage.characters.claim(limit=1, lease=30) == []


async def test_bindings_belong_to_a_character_and_an_account(storage):
    character = a_character()
    await storage.characters.add(character)
    making = Binding("openai", "b-account", BindingState.MAKING)
    ready = replace(making, state=BindingState.READY, handle="h1", expires_at=NOON + timedelta(hours=1))
    other = Binding("google", "a-account", BindingState.FAILED, error="no")

    for binding in (making, other, ready):
        await storage.bindings.save(character.id, binding)

    assert await storage.bindings.get(character.id, "b-account") == ready
    assert await storage.bindings.list(character.id) == (other, ready)
    assert (await storage.characters.get("default", character.id)).bindings == (other, ready)
    await storage.bindings.delete(character.id, "b-account")
    assert await storage.bindings.get(character.id, "b-account") is None
    assert await storage.bindings.list("char_unknown") == ()
