"""The routes of models."""

from starlette.requests import Request
from starlette.responses import Response

from castlist.errors import NotFound
from castlist.server.front import Front, read_query
from castlist.server.replies import reply
from castlist.server.wire.reading import nearest, quote
from castlist.server.wire.views import show_model, show_page


async def list_models(front: Front, request: Request) -> Response:
    front.caller(request.scope)
    read_query(request)
    views = [show_model(model.id, model.deployments, is_default=model.default) for model in front.engine.models()]
    return reply(show_page(views, has_more=False))


async def get_model(front: Front, request: Request) -> Response:
    front.caller(request.scope)
    read_query(request)
    name, models = request.path_params["model"], front.engine.models()
    for model in models:
        if model.id == name:
            return reply(show_model(model.id, model.deployments, is_default=model.default))
    hint = nearest(name, [model.id for model in models])
    raise NotFound(f"no model {quote(name)} is configured here{hint}", code="model_not_found", param="model")
