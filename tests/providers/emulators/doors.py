"""What each vendor answers to the free request by which an account is checked, and to a wrong key, on one port."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from castlist.testing.emulator import Emulator

KEY = "sk-planted-0123456789"
MODELS = {"object": "list", "data": [{"id": "hero-1", "object": "model"}]}


class Doors(Emulator):
    """`ahead` is how many seconds the clock of all of them is ahead; `page` makes a proxy's page of every answer."""

    kept_headers = ("authorization", "x-goog-api-key", "api-key", "x-runway-version")

    def __init__(self, *, ahead: float = 0.0, page: bool = False) -> None:
        super().__init__()
        self.ahead = ahead
        self.page = page

    def routes(self):
        yield web.get("/openai/models", self._by("authorization", f"Bearer {KEY}", MODELS))
        yield web.get("/azure/models", self._by("api-key", KEY, MODELS))
        yield web.get("/bare/videos/{id}", self._by("authorization", f"Bearer {KEY}", {}))
        yield web.get("/gemini/v1/models", self._by("x-goog-api-key", KEY, {"models": [{"name": "models/gemini-omni-1.2-flash"}]}))
        yield web.get("/runway/v1/organization", self._by("authorization", f"Bearer {KEY}", {"creditBalance": 100}))
        yield web.get("/xai/models", self._by("authorization", f"Bearer {KEY}", {"data": []}))
        yield web.post("/fal/storage/auth/token", self._by("authorization", f"Key {KEY}", {"token": "t"}))
        yield web.get("/kling/tasks", self._by("authorization", f"Bearer {KEY}", {"code": 0, "data": []}))

    def _by(self, header: str, value: str, answer: dict[str, object]):
        async def show(request: web.Request) -> web.Response:
            await self.hear(request)
            headers = {"Date": format_datetime(datetime.now(UTC) + timedelta(seconds=self.ahead), usegmt=True)}
            if self.page:
                return web.Response(text="<html>Welcome</html>", content_type="text/html", headers=headers)
            if request.headers.get(header) != value:
                words = {"error": {"message": f"Incorrect API key provided: {request.headers.get(header)}", "code": "invalid_api_key"}}
                return web.json_response(words, status=401, headers=headers)
            return web.json_response(answer, headers=headers)

        return show
