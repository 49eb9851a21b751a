"""The signature of Kling's callbacks as its own pages show one, and the minutes within which it counts."""

from datetime import UTC, datetime, timedelta

import pytest

from castlist.errors import Forbidden
from castlist.model.providing import Account, Callback
from castlist.providers.callbacks import check_standard
from castlist.providers.kling import Kling

SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
AT = datetime.fromtimestamp(1781080794, UTC)
BODY = b'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}'
HEADERS = {
    "webhook-id": "9876543210",
    "webhook-timestamp": "1781080794",
    "webhook-signature": "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=",
}


def test_the_vendor_s_own_example_is_recognised():
    assert check_standard(Callback(HEADERS, BODY, AT), SECRET) == "9876543210"


@pytest.mark.parametrize("apart", [-301, 301, 86_400])
def test_an_example_of_another_time_is_not(apart):
    with pytest.raises(Forbidden, match="too old"):
        check_standard(Callback(HEADERS, BODY, AT + timedelta(seconds=apart)), SECRET)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "9876543211"},
        {"webhook-timestamp": "1781080795"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,äöü"},
        {"webhook-signature": ""},
    ],
)
def test_a_changed_one_is_not(changed):
    with pytest.raises(Forbidden, match="not taken"):
        check_standard(Callback({**HEADERS, **changed}, BODY, AT), SECRET)


def test_a_body_that_is_no_text_and_a_secret_that_is_none_are_refused():
    with pytest.raises(Forbidden, match="not taken"):
        check_standard(Callback(HEADERS, b"\xff\xfe", AT), SECRET)
    with pytest.raises(Forbidden, match="not taken"):
        check_standard(Callback(HEADERS, BODY, AT), "whsec_")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_account_without_a_secret_tells_messages_apart_by_what_they_say(anyio_backend):
    kling = Kling(Account("k", "kling"), http=None)

    first, second = await kling.recognise(Callback({}, BODY, AT)), await kling.recognise(Callback({}, BODY + b" ", AT))

    assert first == await kling.recognise(Callback({"anything": "else"}, BODY, AT))
    assert first != second
