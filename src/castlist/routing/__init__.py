"""Which deployment takes an operation: who is able, in which order they are asked, and why. Pure: no clock, no I/O."""

from castlist.routing.plans import Plan, plan
from castlist.routing.ranking import Grade, Hold, hold
from castlist.routing.refusals import check_options, unknown_model
from castlist.routing.scene import Scene

__all__ = ["Grade", "Hold", "Plan", "Scene", "check_options", "hold", "plan", "unknown_model"]
