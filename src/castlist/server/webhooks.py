"""The routes of webhooks: endpoints as OpenAI's API shows them, deliveries and the secret."""

from starlette.requests import Request
from starlette.responses import Response

from castlist.model.asks import Listing
from castlist.server.bodies import receive
from castlist.server.front import Front, read_query, read_span
from castlist.server.replies import reply
from castlist.server.wire.requests import TrialBody, check
from castlist.server.wire.told import show_delivery, show_endpoint, show_secret, show_secrets, show_trial
from castlist.server.wire.views import show_page


async def list_endpoints(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    read_query(request)
    return reply(show_page([show_endpoint(each) for each in await front.engine.webhooks.endpoints(caller)], has_more=False))


async def get_endpoint(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    read_query(request)
    return reply(show_endpoint(await front.engine.webhooks.endpoint(caller, request.path_params["endpoint_id"])))


async def try_endpoint(front: Front, request: Request) -> Response:
    """An event about no video, sent at once; the answer says what the endpoint answered."""
    caller, id = front.caller(request.scope), request.path_params["endpoint_id"]  # noqa: A001
    read_query(request)
    await front.engine.webhooks.endpoint(caller, id)
    async with receive(request, front.accepts()) as fields:
        body = check(TrialBody, fields)
    return reply(show_trial(await front.engine.webhooks.trial(caller, id, type=body.event_type)))


async def list_deliveries(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    query = read_query(request, "after", "limit", "order", "state", "video")
    span = read_span(query)
    listing = Listing(span.after, span.limit, "asc" if span.order == "asc" else "desc")
    page = await front.engine.webhooks.deliveries(caller, listing, state=query.get("state"), video=query.get("video"))
    return reply(show_page([show_delivery(each) for each in page.items], has_more=page.has_more))


async def get_delivery(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    read_query(request)
    return reply(show_delivery(await front.engine.webhooks.delivery(caller, request.path_params["delivery_id"])))


async def redeliver(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    read_query(request)
    return reply(show_delivery(await front.engine.webhooks.redeliver(caller, request.path_params["delivery_id"])))


async def get_secret(front: Front, request: Request) -> Response:
    """When the secrets that sign now were made; never what they are."""
    caller = front.caller(request.scope)
    read_query(request)
    webhooks = front.engine.webhooks
    return reply(show_secrets([(each, webhooks.opens(each)) for each in await webhooks.secrets(caller)]))


async def rotate_secret(front: Front, request: Request) -> Response:
    """A new secret, shown this once."""
    caller = front.caller(request.scope)
    read_query(request)
    webhooks = front.engine.webhooks
    made = await webhooks.rotate(caller)
    return reply(show_secret(made, [(each, webhooks.opens(each)) for each in await webhooks.secrets(caller)]))
