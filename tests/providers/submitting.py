"""What one submission comes to when its upstream has a fault: the same questions to every adapter that can be asked them."""

from collections.abc import Callable

import pytest

from castlist.errors import Ambiguous, ProviderError, Refused, Retry
from castlist.testing.emulator import Emulator


class Keyed(Emulator):
    """An emulator that knows the one key it lets in."""

    key: str


Send = Callable[[], object]
Told = tuple[str, Retry, float | None]


def meet(upstream: Keyed, fault: str, send: Send, *, raises: type[ProviderError]) -> ProviderError:
    """The error in which a submission ends that meets that fault."""
    upstream.break_next("create", fault)
    with pytest.raises(raises) as caught:
        send()
    return caught.value


def check_refused(upstream: Keyed, fault: str, send: Send, *, told: Told) -> None:
    """A refusal: nothing was accepted, nothing is sent twice, and no key is in what is said."""
    error = meet(upstream, fault, send, raises=Refused)

    assert (error.code, error.retry, error.after) == told
    assert (upstream.counts["create"], upstream.counts["accepted"]) == (1, 0)
    assert upstream.key not in error.message


def check_ambiguous(upstream: Keyed, fault: str, send: Send, *, accepted: int) -> None:
    """No answer that proves anything: sent once, whether it was accepted or not."""
    meet(upstream, fault, send, raises=Ambiguous)

    assert (upstream.counts["create"], upstream.counts["accepted"]) == (1, accepted)
