"""The catalogue: what is known of each model, and that the adapters and prices agree with it."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from castlist import catalogue
from castlist.catalogue import find, list_entries, list_nearest, list_vendors, read_entry
from castlist.model.capabilities import Capabilities
from castlist.model.operations import CreateVideo, EditVideo, Size, Source, Wishes
from castlist.model.pricing import PIXELS, price_of
from castlist.model.providing import Account
from castlist.providers import provider, provider_names

LISTED = [(entry.provider, entry.model) for name in list_vendors() for entry in list_entries(name)]
TODAY = date(2026, 11, 22)


def capabilities(name: str, model: str) -> Capabilities:
    return provider(name)(Account("a", name, None, "k"), SimpleNamespace()).capabilities(model)


def create(*, seconds: int = 8, size: str = "1280x720", **more) -> CreateVideo:
    return CreateVideo("A fox walks.", "hero", seconds, Size.parse(size), **more)


@pytest.mark.parametrize(("name", "model"), LISTED)
def test_each_listed_model_is_one_its_adapter_serves_with_these_limits_and_prices(name, model):
    entry, known = find(name, model), capabilities(name, model)

    assert entry is not None
    assert entry.listed
    assert known.implements
    assert known.prices == entry.prices
    assert all(getattr(known, field) == value for field, value in entry.limits.items())
    assert known.sizes
    assert all(price_of(size, known.prices) for size in known.sizes)


@pytest.mark.parametrize(("name", "model"), LISTED)
def test_each_listed_model_says_where_it_was_read_and_when(name, model):
    entry = find(name, model)

    assert len(entry.source) > 10
    assert date(2026, 9, 1) <= entry.checked <= TODAY


def test_each_vendor_is_a_provider_of_ours():
    assert set(list_vendors()) <= set(provider_names())


@pytest.mark.parametrize(
    ("name", "wanted", "model", "listed"),
    [
        ("openai", "sora-2-2025-12-08", "sora-2", True),
        ("fal_ai", "kling/v4/reference-to-video", "kling/v4", True),
        ("xai", "grok-imagine-video-1.5?create=lose", "grok-imagine-video-1.5", True),
        ("gemini", "gemini-omni-9-flash", "gemini-omni-9-flash", False),
    ],
)
def test_a_model_is_found_by_each_way_to_name_it(name, wanted, model, listed):
    found = find(name, wanted)

    assert (found.model, found.listed) == (model, listed)
    assert found.prices


def test_nothing_is_known_of_a_provider_that_is_no_vendor():
    assert find("animatic", "animatic") is None
    assert find("studio", "one") is None


@pytest.mark.parametrize(
    ("size", "price"),
    [
        (Size(854, 480), 80),
        (Size(992, 432), 80),
        (Size(640, 360), 80),
        (Size(720, 1280), 140),
        (Size(960, 960), 140),
        (Size(1024, 1792), 250),
        (Size(1920, 1080), 250),
        (Size(3840, 2160), 1000),
    ],
)
def test_a_price_goes_by_the_pixels_and_upwards(size, price):
    assert price_of(size, {"480p": 80, "720p": 140, "1080p": 250}) == price


def test_without_prices_there_is_no_price():
    assert price_of(Size(1280, 720), {}) is None
    assert Capabilities("m").price(create()) is None


def test_resolutions_are_listed_from_the_smallest_on():
    assert list(PIXELS.values()) == sorted(PIXELS.values())


def test_pictures_cost_on_top_and_are_counted_as_they_are_sent():
    known = capabilities("xai", "grok-imagine-video-1.5")

    assert known.price(create(seconds=10)) == 1_400_000
    assert known.price(create(seconds=10, characters=("a", "b"))) == 1_460_000
    assert known.price(create(seconds=10, reference="f", characters=("a",))) == 1_440_000


def test_a_source_and_sound_have_prices_of_their_own():
    known = capabilities("kling", "kling-3.0-omni")
    edit = EditVideo("Snow.", "hero", source=Source("asset", 5.5, Size(1280, 720), video="video_1"))

    assert known.price(create(seconds=5)) == 420_000
    assert known.price(create(seconds=5, wishes=Wishes(audio="on"))) == 560_000
    assert known.price(edit) == 693_000


def test_a_price_of_ones_own_holds_for_all_a_model_makes():
    entry = read_entry("kling", "kling-3.0-omni", {"micros_per_second": 5}, base=find("kling", "kling-3.0-omni"))
    known = entry.refine(capabilities("kling", "kling-3.0-omni"))
    edit = EditVideo("Snow.", "hero", source=Source("asset", 2.0, Size(1280, 720), video="video_1"))

    assert known.price(create(size="3840x2160", wishes=Wishes(audio="on"))) == 40
    assert known.price(edit) == 10


def test_what_a_file_says_stands_over_the_catalogue_and_the_rest_stays():
    base = find("gemini", "gemini-omni-1.2-flash")
    raw = {"seconds": {"min": 2, "max": 12}, "micros_per_second": {"720p": 90_000}, "sunset": date(2027, 3, 1), "sizes": ["1280x720"]}

    known = read_entry("gemini", "gemini-omni-1.2-flash", raw, base=base).refine(capabilities("gemini", "gemini-omni-1.2-flash"))

    assert (known.min_seconds, known.max_seconds, known.sizes, known.prices) == (2, 12, (Size(1280, 720),), {"720p": 90_000})
    assert (known.max_total_seconds, known.characters) == (40, 2)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"second": 3}, "did you mean 'seconds'"),
        ({"seconds": 3}, "{min: …, max: …}"),
        ({"seconds": {"min": 5, "max": 3}}, "{min: …, max: …}"),
        ({"seconds": [4, "8"]}, "whole number"),
        ({"micros_per_second": 0.1}, "whole number"),
        ({"micros_per_second": {"72p": 1}}, "360p, 480p"),
        ({"sunset": "soon"}, "2027-01-31"),
        ({"characters": -1}, "at least 0"),
        ({"sizes": ["wide"]}, "WIDTHxHEIGHT"),
        ({"source_seconds": {"cut": {"min": 1, "max": 2}}}, "edit, extend, remix"),
    ],
)
def test_a_wrong_entry_is_told_in_a_sentence(raw, says):
    with pytest.raises(ValueError, match=r".") as caught:
        read_entry("gemini", "m", raw)

    assert says in str(caught.value)


def test_a_model_is_leaving_for_sixty_days_and_then_gone():
    entry = read_entry("gemini", "m", {"sunset": "2027-01-21"})

    assert not entry.is_leaving(date(2026, 11, 21))
    assert entry.is_leaving(date(2026, 11, 22))
    assert entry.is_leaving(date(2027, 1, 20))
    assert not entry.is_retired(date(2027, 1, 20))
    assert entry.is_retired(date(2027, 1, 21))
    assert not entry.is_leaving(date(2027, 1, 21))


def test_the_nearest_are_alive_near_in_price_and_of_different_vendors():
    found = list_nearest(find("openai", "sora-2"), day=TODAY)

    assert len({entry.provider for entry in found}) == len(found) == 3
    assert all(abs(price_of(Size(1280, 720), entry.prices) - 100_000) <= 20_000 for entry in found)
    assert not any(entry.is_retired(TODAY) for entry in found)


def test_the_file_is_part_of_the_package():
    assert catalogue.FILE.parent.name == "catalogue"
    assert catalogue.FILE.is_file()


def test_a_model_that_only_the_configuration_says_is_gone_is_no_alternative_to_itself():
    gone = find("gemini", "gemini-omni-1.2-flash")

    found = list_nearest(replace(gone, sunset=TODAY - timedelta(days=1)), day=TODAY)

    assert found
    assert gone.model not in [each.model for each in found if each.provider == "gemini"]


def test_what_a_configuration_says_of_other_models_counts_among_the_nearest():
    gone = replace(find("openai", "sora-2"), prices={"": 111_111})
    first = list_nearest(gone, day=TODAY)[0]
    name = f"{first.provider}/{first.model}"

    ended = list_nearest(gone, day=TODAY, said={name: replace(first, sunset=TODAY)})
    dear = list_nearest(gone, day=TODAY, said={name: replace(first, prices={"": 90_000_000})})
    ours = list_nearest(gone, day=TODAY, said={"lab/own-1": replace(gone, provider="lab", model="own-1", sunset=None)})

    assert all((each.provider, each.model) != (first.provider, first.model) for each in (*ended, *dear))
    assert (ours[0].provider, ours[0].model) == ("lab", "own-1")
