"""What the catalogue says of one model of a provider: its limits, its price and how long it lives."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from castlist.model.capabilities import Capabilities

SOON = timedelta(days=60)
"""How long before its end a model is said to be about to go."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model as it was found at `source` on the day `checked`.

    `limits` are values for fields of Capabilities. `prices` are millionths of a US dollar for a second of video by resolution, with the
    key "" where all cost the same, empty where no price is known; `source_prices` where a video is made from another, `sound_prices`
    where sound is asked for, if those differ; `micros_per_image` comes on top for each picture that is sent.
    `sunset` is the day the vendor shuts the model down on its own host. An entry that is not `listed` speaks for models of the
    provider that have none of their own.
    """

    provider: str
    model: str
    source: str
    checked: date
    limits: Mapping[str, object] = field(default_factory=dict)
    prices: Mapping[str, int] = field(default_factory=dict)
    source_prices: Mapping[str, int] = field(default_factory=dict)
    sound_prices: Mapping[str, int] = field(default_factory=dict)
    micros_per_image: int = 0
    sunset: date | None = None
    listed: bool = True

    def refine(self, capabilities: Capabilities) -> Capabilities:
        """The capabilities with these limits and prices in place of theirs."""
        known = replace(capabilities, **self.limits)  # type: ignore[arg-type]  # read_entry makes values of the fields' types
        if not self.prices:
            return known
        special = replace(known, source_prices=self.source_prices, sound_prices=self.sound_prices, micros_per_image=self.micros_per_image)
        return replace(special, prices=self.prices)

    def is_retired(self, day: date) -> bool:
        """Whether its vendor has shut it down by that day."""
        return self.sunset is not None and day >= self.sunset

    def is_leaving(self, day: date) -> bool:
        """Whether its vendor is about to shut it down."""
        return self.sunset is not None and self.sunset - SOON <= day < self.sunset
