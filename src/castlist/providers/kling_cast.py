"""The people of an order: whose element was made of a clip, how many of those one video takes, and who goes otherwise."""

from dataclasses import dataclass, replace

from castlist.errors import HandleGone, Refused, Retry
from castlist.model.characters import HUMAN_CLIP, HUMAN_LINES, HUMAN_SECONDS, CastMember, Fidelity, Note, Subject
from castlist.model.providing import Order, Transport
from castlist.providers.kling_elements import read_handle
from castlist.providers.kling_models import Model


@dataclass(frozen=True, slots=True)
class _Settled:
    """A member as it goes, whether by an element made of its clip, and what a caller should know of it."""

    member: CastMember
    filmed: bool = False
    notes: tuple[Note, ...] = ()


async def settle(order: Order, *, model: Model, http: Transport) -> tuple[Order, tuple[Note, ...]]:
    """The order with its people as the model takes them, and what a caller should know of that.

    Raises Refused, `public_url_required`, where a clip would have to be read by an address that there is not, and
    `too_many_references` for a second person by clip, unless the request allows a step down; HandleGone for an element made of stills
    that can be made of the clip by now.
    """
    settled: list[_Settled] = []
    for member in order.cast:
        found = await _settle(member, order, model=model, http=http) if _is_person(member) else _Settled(member)
        if found.filmed and any(each.filmed for each in settled):
            found = _second(found.member, order)
        settled.append(found)
    notes = tuple(note for each in settled for note in each.notes)
    return replace(order, cast=tuple(each.member for each in settled)), notes


def _is_person(member: CastMember) -> bool:
    return member.subject is Subject.HUMAN and member.fidelity is Fidelity.NATIVE and bool(member.handle)


async def _settle(member: CastMember, order: Order, *, model: Model, http: Transport) -> _Settled:
    if HUMAN_CLIP not in member.media:
        why = f"its clip is not one of {HUMAN_SECONDS:g} seconds and {HUMAN_LINES} lines or more"
        return _Settled(member, notes=(_by_stills(member, order, why),) if model.films else ())
    if not model.films:
        return _pictured(member, order) if await _is_filmed(member, http=http) else _Settled(member)
    if await _is_filmed(member, http=http):
        return _Settled(member, filmed=True)
    try:
        await http.link(member.media[HUMAN_CLIP])
    except Refused as error:
        if not order.operation.wishes.degrade:
            raise
        return _Settled(member, notes=(_by_stills(member, order, error.message),))
    raise HandleGone(f"the element of {member.name} is made again, of its clip", handles=[member.handle or ""])


async def _is_filmed(member: CastMember, *, http: Transport) -> bool:
    """Whether its element is made of its clip; in a plan, whether it would be."""
    if not http.rehearses:
        return read_handle(member.handle or "").filmed
    try:
        await http.link(member.media[HUMAN_CLIP])
    except Refused:
        return False
    return True


def _second(member: CastMember, order: Order) -> _Settled:
    if order.operation.wishes.degrade:
        return _pictured(member, order)
    text = (
        f"{order.provider_model} takes one person by clip in a video, and {member.name} would be the second; "
        "with on_unsupported: degrade it goes in pictures"
    )
    raise Refused(text, code="too_many_references", retry=Retry.ELSEWHERE)


def _pictured(member: CastMember, order: Order) -> _Settled:
    text = f"{member.name} is shown in pictures: {order.provider_model} takes no element made of a clip here."
    note = Note("character_by_picture", text, "characters", str(Fidelity.REFERENCE), str(Fidelity.NATIVE))
    return _Settled(replace(member, handle=None, fidelity=Fidelity.REFERENCE), notes=(note,))


def _by_stills(member: CastMember, order: Order, why: str) -> Note:
    text = f"{member.name} is a person, whom {order.provider_model} learns best from a clip, and is an element made of stills: {why}."
    return Note("character_by_stills", text, "characters", "stills", "clip")
