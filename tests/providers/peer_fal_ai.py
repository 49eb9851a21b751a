"""What the official fal client sends and reads, as JSON: run with the interpreter it is installed for.

peer_fal_ai.py send BASE_URL < calls    one after another: ["upload", path, type] or [endpoint, arguments]
peer_fal_ai.py read BASE_URL ENDPOINT ID…  each request's status, and its result or the error of it, asked for until it has ended
"""

import json
import sys
from pathlib import Path

from fal_client import client as fal

KEY = "id:secret"


def redirect(base: str) -> fal.SyncClient:
    fal.QUEUE_URL_FORMAT = f"{base}/"
    fal.REST_URL = base
    fal.CDN_URL = base
    return fal.SyncClient(key=KEY)


def send(client: fal.SyncClient) -> list[str]:
    answers = []
    for name, *given in json.load(sys.stdin):
        if name == "upload":
            path, kind = given
            answers.append(client.upload(Path(path).read_bytes(), kind, Path(path).name))
        else:
            answers.append(client.submit(name, given[0]).request_id)
    return answers


def read(client: fal.SyncClient, endpoint: str, ids: list[str]) -> list[object]:
    seen = []
    for id in ids:
        handle = client.get_handle(endpoint, id)
        kinds = [type(handle.status()).__name__ for _ in range(3)]
        try:
            result = handle.get()
        except fal.FalClientHTTPError as error:
            seen.append([kinds, error.status_code, error.error_type])
        else:
            seen.append([kinds, 200, result["video"]["content_type"]])
    return seen


client = redirect(sys.argv[2])
answer = send(client) if sys.argv[1] == "send" else read(client, sys.argv[3], sys.argv[4:])
sys.stdout.write(json.dumps(answer))
