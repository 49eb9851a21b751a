"""How the fault lab calls back: in time, early, twice, late or not at all, and in somebody else's name."""

import asyncio
import base64
import json
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from standardwebhooks import Webhook

from castlist.testing.lab_provider import SECRET
from castlist.testing.upstream_answers import Work

CALLS: Final = {
    "early": "before the submission is answered, and at the end",
    "twice": "at the end, two copies at once",
    "forged": "before the answer, by somebody who does not know the secret, and at the end",
    "late": "half a second after the end",
    "never": "no call",
}
"""What can go wrong with a callback."""

_LATE: Final = 0.5
_WITHIN: Final = 5.0


class Caller:
    """Calls the gateways at `gateways`, of which some may be dead: the first that answers has heard it. What it was answered is counted
    as `called 200`, `forged 403` and so on."""

    def __init__(self, counts: Counter[str]) -> None:
        self.gateways: Sequence[str] = ()
        self.secret = SECRET
        self._counts = counts

    async def call_early(self, callback: str, work: Work, *, how: str | None) -> None:
        """What is called before the submission is answered."""
        if how in {"early", "forged"}:
            await self._tell(callback, work, message=f"msg_{secrets.token_hex(8)}", forged=how == "forged")

    async def call_at_end(self, callback: str, work: Work, *, how: str | None) -> None:
        """What is called once the work is done."""
        if how == "never" or work.fate == "stick":
            return
        await asyncio.sleep(work.lasts + (_LATE if how == "late" else 0))
        message = f"msg_{secrets.token_hex(8)}"
        await asyncio.gather(*(self._tell(callback, work, message=message) for _ in range(2 if how == "twice" else 1)))

    async def _tell(self, callback: str, work: Work, *, message: str, forged: bool = False) -> None:
        now = datetime.now(UTC)
        body = json.dumps({"type": "video.completed", "data": {"id": work.id, "status": "completed"}})
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode() if forged else self.secret
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(message, now, body),
        }
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_WITHIN)) as session:
            for gateway in self.gateways:
                try:
                    async with session.post(gateway.rstrip("/") + urlsplit(callback).path, data=body, headers=headers) as answer:
                        self._counts[f"{'forged' if forged else 'called'} {answer.status}"] += 1
                        return
                except (aiohttp.ClientError, TimeoutError):
                    continue
        self._counts["uncalled"] += 1
