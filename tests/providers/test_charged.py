"""What a vendor says that it charged, where it says it in units of its own."""

import json

import pytest

from castlist.model.jobs import CostState
from castlist.model.providing import Reply
from castlist.providers.xai_replies import read_progress


@pytest.mark.parametrize(
    ("usage", "micros"),
    [
        ({"cost_in_usd_ticks": 11_200_000_000}, 1_120_000),
        ({"cost_in_usd_ticks": 37_756_001}, 3_776),
        ({"cost_in_usd_ticks": "much"}, None),
        ({"cost_in_usd_ticks": -1}, None),
        ({}, None),
        (None, None),
    ],
)
def test_xai_charges_in_ticks_of_a_dollar(usage, micros):
    body = {"status": "done", "video": {"url": "https://vidgen.x.ai/v.mp4"}, "usage": usage}

    cost = read_progress(Reply(200, {}, json.dumps(body).encode())).cost

    assert (None if cost is None else (cost.micros, cost.state)) == (None if micros is None else (micros, CostState.BILLED))
