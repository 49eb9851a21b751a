"""How `castlist videos plan` shows a plan."""

from castlist.cli.printing import print_facts, print_json, print_line
from castlist.model.pricing import show_amount
from castlist.sdk.plans import PlannedDeployment, PlannedMember, VideoPlan

UNANSWERED = {
    "hold": "a request that nobody can say anything of waits for `castlist jobs resolve`",
    "fail": "a request that nobody can say anything of fails",
    "resubmit": "a request that nobody can say anything of is sent once more, which may cost twice",
}


def show_plan(plan: VideoPlan, *, as_json: bool) -> None:
    """Each deployment that would be asked, in order, and why the others would not."""
    if as_json:
        print_json(plan.raw)
        return
    for number, planned in enumerate(plan.deployments, 1):
        print_line(f"{number}. {planned.id}{'' if number == 1 else ', should those before it refuse'}")
        _show_deployment(planned)
    for left in plan.left_out:
        print_line(f"not {left.id}: {left.reason}")
    print_facts({"unanswered": UNANSWERED.get(plan.unknown_policy, plan.unknown_policy)})


def _show_deployment(planned: PlannedDeployment) -> None:
    print_facts({
        "   model": f"{planned.provider}/{planned.provider_model}",
        "   because": planned.reason,
        "   prompt": planned.prompt,
        "   length": f"{planned.seconds} s at {planned.size}",
        "   audio": planned.audio,
        "   price": f"{show_amount(planned.cost.amount_micros)} {planned.cost.currency} ({planned.cost.state})",
        "   takes": planned.expected and f"about {planned.expected.seconds:g} s, as the last {planned.expected.samples} here",
    })  # fmt: skip
    for member in planned.cast:
        print_facts({f"   {member.name}": _describe(member)})
    conflicts = {note.message for note in planned.conflicts}
    for note in planned.conflicts:
        print_facts({"   conflict": note.message})
    for note in planned.warnings:
        if note.message not in conflicts:
            print_facts({"   warning": note.message})


def _describe(member: PlannedMember) -> str:
    media = ", ".join(each.variant for each in member.media)
    sent = f": {member.sent} of {member.of} pieces ({media})" if member.media else ""
    handle = {"ready": ", under the handle its account has", "new": ", under a handle that is made first"}.get(member.handle or "", "")
    return f"{member.fidelity}{sent}{handle}"
