"""The routes of characters."""

from starlette.requests import Request
from starlette.responses import Response

from castlist.server.bodies import receive
from castlist.server.front import Front, read_query, read_span
from castlist.server.repeats import read_repeat
from castlist.server.replies import reply
from castlist.server.wire.asking import ask_character
from castlist.server.wire.views import show_character, show_page


async def create_character(front: Front, request: Request) -> Response:
    caller, repeat = front.caller(request.scope), read_repeat(request)
    read_query(request)
    async with receive(request, front.accepts(files_only=True)) as fields:
        character = await front.engine.create_character(caller, ask_character(fields), repeat)
    return reply(show_character(character, front.links(request.scope)))


async def list_characters(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    query = read_query(request, "after", "limit", "order", "name")
    span = read_span(query)
    page = await front.engine.characters(caller, after=span.after, limit=span.limit, order=span.order, name=query.get("name"))
    links = front.links(request.scope)
    return reply(show_page([show_character(character, links) for character in page.items], has_more=page.has_more))


async def get_character(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    read_query(request)
    character = await front.engine.character(caller, request.path_params["character_id"])
    return reply(show_character(character, front.links(request.scope)))


async def delete_character(front: Front, request: Request) -> Response:
    caller, id = front.caller(request.scope), request.path_params["character_id"]  # noqa: A001
    read_query(request)
    await front.engine.delete_character(caller, id)
    return reply({"id": id, "object": "character.deleted", "deleted": True})
