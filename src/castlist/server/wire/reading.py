"""One reader for each kind of field: the value as we use it, or an InvalidRequest that says what would work."""

import difflib
import re
from collections.abc import Iterable, Mapping
from math import isfinite
from types import UnionType
from typing import Literal

from castlist.errors import InvalidRequest
from castlist.model.asks import Incoming
from castlist.model.operations import MAX_DESCRIPTION, MAX_NAME, MAX_PROMPT, MAX_SECONDS, Size
from castlist.model.telling import is_address

FORBIDDEN = frozenset({"api_base", "api_key", "base_url", "os.environ"})
_FREE_TEXT = frozenset({"prompt", "name", "description"})


def quote(value: object) -> str:
    """A value as a message shows it: short, with nothing a terminal would act on."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def nearest(word: str, known: Iterable[str]) -> str:
    """The tail of a message about an unknown word: the nearest known one, where there is one."""
    close = difflib.get_close_matches(word[:64], list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _text(value: object, param: str) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"{param} is a text, and not {quote(value)}", code=f"invalid_{param}", param=param)
    return value


def read_prompt(value: object) -> str:
    text = _text(value, "prompt")
    if not text.strip():
        raise InvalidRequest("prompt is blank: say what the video shows", code="invalid_prompt", param="prompt")
    if len(text) > MAX_PROMPT:
        raise InvalidRequest(f"prompt has at most {MAX_PROMPT:,} characters, not {len(text):,}", code="invalid_prompt", param="prompt")
    return text


def read_name(value: object) -> str:
    """A character's name; control characters are refused, writing direction marks and emoji are part of names."""
    text = _text(value, "name")
    if not text.strip():
        raise InvalidRequest("name is blank: give the character a name to use in prompts", code="invalid_name", param="name")
    if len(text) > MAX_NAME:
        raise InvalidRequest(f"name has at most {MAX_NAME} characters, not {len(text):,}", code="invalid_name", param="name")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029" for c in text):
        raise InvalidRequest("name holds a control character; letters, digits, spaces and emoji work", code="invalid_name", param="name")
    return text


def read_description(value: object) -> str:
    text = _text(value, "description")
    if len(text) > MAX_DESCRIPTION:
        message = f"description has at most {MAX_DESCRIPTION:,} characters, not {len(text):,}"
        raise InvalidRequest(message, code="invalid_description", param="description")
    return text


def read_model(value: object) -> str:
    text = _text(value, "model")
    if not 1 <= len(text) <= 200:
        raise InvalidRequest("model is a name from /v1/models", code="invalid_model", param="model")
    return text


def _whole(value: object) -> int | None:
    """A JSON number that is whole, 8.0 too; None for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_seconds(value: object) -> int:
    """A whole number of seconds, as OpenAI's string or as a number."""
    number = _whole(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        number = int(value)
    if number is None or not 1 <= number <= MAX_SECONDS:
        message = f'seconds is a whole number from 1 to {MAX_SECONDS}, for example "8", and not {quote(value)}'
        raise InvalidRequest(message, code="invalid_seconds", param="seconds")
    return number


def read_size(value: object) -> Size:
    if not isinstance(value, str):
        message = f'size is "WIDTHxHEIGHT" in pixels, for example "1280x720", and not {quote(value)}'
        raise InvalidRequest(message, code="invalid_size", param="size")
    return Size.parse(value)


def read_seed(value: object) -> int:
    number = _whole(value)
    if number is None or not 0 <= number < 2**63:
        raise InvalidRequest(f"seed is a whole number from 0 to 2^63 - 1, and not {quote(value)}", code="invalid_seed", param="seed")
    return number


def read_moment(value: object, param: Literal["start", "end"]) -> float:
    """A time within a clip, in seconds."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value) or not 0 <= value <= 86_400:
        raise InvalidRequest(f"{param} is a time within the clip in seconds, and not {quote(value)}", code="invalid_range", param=param)
    return float(value)


DOLLARS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
MOST_DOLLARS = 1_000_000


def read_dollars(value: object) -> int:
    """An amount in US dollars, as a number or its text, in millionths; what is less than one of them is left off."""
    plain = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST_DOLLARS
    amount = float(value) if plain or (isinstance(value, str) and DOLLARS.fullmatch(value)) else -1.0  # type: ignore[arg-type]  # it is one
    if not 0 <= amount <= MOST_DOLLARS:
        message = f"max_cost is an amount in US dollars, for example 0.50, and not {quote(value)}"
        raise InvalidRequest(message, code="invalid_max_cost", param="castlist.max_cost")
    return int(round(amount * 1_000_000, 3))


def read_webhook(value: object) -> str:
    """The address that is told of a video's end: `{"url": …}` or itself."""
    url = _only(value, "url", param="castlist.webhook", has="it has a url") if isinstance(value, dict) else value
    if not isinstance(url, str) or not is_address(url):
        message = 'webhook is {"url": "https://…"}, an address without a user name or a fragment'
        raise InvalidRequest(message, code="invalid_webhook", param="castlist.webhook")
    return url


def read_metadata(value: object) -> dict[str, str]:
    """OpenAI's rules: at most 16 pairs of texts, keys of 64 and values of 512 characters."""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        message = f'metadata is an object of texts, for example {{"shot": "12"}}, and not {quote(value)}'
        raise InvalidRequest(message, code="invalid_metadata", param="metadata")
    if len(value) > 16:
        raise InvalidRequest(f"metadata has at most 16 keys, not {len(value)}", code="invalid_metadata", param="metadata")
    for key, item in value.items():
        if not 1 <= len(key) <= 64 or len(item) > 512:
            message = f"metadata has keys of 1 to 64 and values of at most 512 characters; {quote(key)} does not fit"
            raise InvalidRequest(message, code="invalid_metadata", param="metadata")
    return dict(value)


def read_characters(value: object) -> tuple[str, ...]:
    """Character ids from `[{"id": …}]` or `["…"]`."""
    if not isinstance(value, list):
        message = f'characters is a list, for example [{{"id": "char_…"}}], and not {quote(value)}'
        raise InvalidRequest(message, code="invalid_characters", param="characters")
    return tuple(_read_member(item) for item in value)


def _read_member(item: object) -> str:
    if isinstance(item, dict):
        item = _only(item, "id", param="characters", has="each has an id")
    if not isinstance(item, str) or not 1 <= len(item) <= 512:
        message = f'each of characters is {{"id": "char_…"}}, and not {quote(item)}'
        raise InvalidRequest(message, code="invalid_characters", param="characters")
    return item


def _only(item: Mapping[object, object], key: str, *, param: str, has: str) -> object:
    """The one field an object may have."""
    for name in item:
        if name != key:
            raise InvalidRequest(f"unknown field {quote(name)} in {param}; {has}", code="unknown_field", param=param)
    return item.get(key)


def read_reference(value: object) -> Incoming | str:
    """The opening frame: a file, or the URL or data URL it is at."""
    if isinstance(value, Incoming):
        return _filled(value, "input_reference")
    if isinstance(value, dict):
        if "file_id" in value:
            message = "files are not kept here under an id: send the image itself, as a file or as image_url"
            raise InvalidRequest(message, code="unsupported_input_reference", param="input_reference")
        value = _only(value, "image_url", param="input_reference", has="it has image_url")
        if isinstance(value, dict):
            value = value.get("url")
    if not isinstance(value, str) or not value.lower().startswith(("data:", "http://", "https://")):
        message = f'input_reference is an image file, a data URL, or {{"image_url": "https://…"}}, and not {quote(value)}'
        raise InvalidRequest(message, code="invalid_input_reference", param="input_reference")
    return value


def read_source(value: object) -> str | Incoming:
    """The video a follow-up starts from: `{"id": …}`, its id, or a file."""
    if isinstance(value, Incoming):
        return _filled(value, "video")
    if isinstance(value, dict):
        value = _only(value, "id", param="video", has="it has an id")
    if not isinstance(value, str) or not 1 <= len(value) <= 512:
        raise InvalidRequest(f'video is {{"id": "video_…"}} or a file, and not {quote(value)}', code="invalid_video", param="video")
    return value


def read_own_video(value: object) -> str:
    """The video a remix starts from: `{"id": …}` or its id; there is no remix of a file."""
    found = read_source(value)
    if isinstance(found, Incoming):
        message = 'a remix starts from a video made here: send {"id": "video_…"}, or edit the file instead'
        raise InvalidRequest(message, code="invalid_video", param="video")
    return found


def read_file(value: object, param: str) -> Incoming:
    """An uploaded file that is not empty."""
    if not isinstance(value, Incoming):
        raise InvalidRequest(f"{param} is a file: send it as multipart/form-data with a file name", code="missing_file", param=param)
    return _filled(value, param)


def read_pictures(value: object) -> tuple[Incoming, ...]:
    """One to four uploaded pictures."""
    items = value if isinstance(value, list) else [value]
    if not 1 <= len(items) <= 4:
        raise InvalidRequest(f"image is 1 to 4 pictures, not {len(items)}", code="too_many_images", param="image")
    return tuple(read_file(item, "image") for item in items)


def _filled(file: Incoming, param: str) -> Incoming:
    if file.bytes == 0:
        raise InvalidRequest(f"the file in {param} is empty", code="empty_file", param=param)
    return file


def read_names(value: object) -> tuple[str, ...]:
    """Model names: a list, or a text with commas."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InvalidRequest("target_model_names is a list of model names", code="invalid_value", param="target_model_names")
    return tuple(item.strip() for item in items if item.strip())


def read_known(value: object, kind: type | UnionType, name: str) -> object:
    """A field that other clients define and that changes nothing here: of the kind they define."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InvalidRequest(f"{name} is not {quote(value)}", code="invalid_value", param=name)
    return value


def refuse_forbidden(fields: Mapping[str, object]) -> None:
    """Refuse by name what only the configuration may say: where requests go and with which key."""
    for name, value in fields.items():
        if name in FORBIDDEN:
            raise InvalidRequest(f"{name} belongs in the configuration and is not taken in a request", code="forbidden_field", param=name)
        if name in _FREE_TEXT:
            continue
        for text in _texts(value):
            if text.startswith("os.environ/"):
                message = f"{quote(text)} names a variable of the gateway's own environment; only its configuration may do that"
                raise InvalidRequest(message, code="forbidden_field", param=name[:64])
        if isinstance(value, dict) and name != "metadata":
            refuse_forbidden(value)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
