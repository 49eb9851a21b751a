"""What a plan looks like."""

from castlist.model.operations import output_seconds, output_size
from castlist.model.plans import LeftOut, PlannedDeployment, PlannedMember, VideoPlan
from castlist.server.wire.views import View, show_cost, show_note


def show_plan(plan: VideoPlan) -> View:
    """The deployments that would be asked, in order, with what each would be sent, and why the others would not."""
    return {
        "object": "video.plan",
        "operation": plan.operation.kind,
        "model": plan.operation.model,
        "deployments": [_deployment(planned) for planned in plan.deployments],
        "left_out": [_left_out(left) for left in plan.left_out],
        "unknown_policy": plan.unknown_policy.value,
    }


def _deployment(planned: PlannedDeployment) -> View:
    deployment, operation, expected = planned.deployment, planned.operation, planned.expected
    return {
        "id": deployment.id,
        "provider": deployment.provider,
        "provider_model": deployment.provider_model,
        "prompt": planned.prompt,
        "seconds": f"{round(output_seconds(operation), 2):g}",
        "size": str(output_size(operation)),
        "audio": operation.wishes.audio or "auto",
        "cast": [_member(member) for member in planned.cast],
        "conflicts": [show_note(note) for note in planned.conflicts],
        "warnings": [show_note(note) for note in planned.warnings],
        "cost": show_cost(planned.cost),
        "expected": expected and {"seconds": expected.seconds, "samples": expected.samples},
        "reason": planned.reason,
    }


def _member(member: PlannedMember) -> View:
    return {
        "id": member.id,
        "name": member.name,
        "fidelity": member.fidelity.value,
        "handle": member.handle,
        "media": [
            {"variant": sent.variant, "media_type": sent.media_type, "bytes": sent.bytes if sent.made else None} for sent in member.media
        ],
        "sent": len(member.media),
        "of": member.of,
    }


def _left_out(left: LeftOut) -> View:
    deployment = left.deployment
    return {"id": deployment.id, "provider": deployment.provider, "provider_model": deployment.provider_model, "reason": left.reason}
