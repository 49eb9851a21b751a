"""What answers look like: jobs as OpenAI's video objects, characters, pages, models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from castlist.model.asks import Seen
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Character, CharacterState, Note
from castlist.model.entries import Entry
from castlist.model.jobs import WIRE, Attempt, Cost, Failure, State
from castlist.model.operations import CreateVideo, output_seconds, output_size
from castlist.model.providing import Deployment
from castlist.server.signing import Signer

View = dict[str, object]
VIDEO_VARIANTS = ("video", "thumbnail", "spritesheet")
CHARACTER_VARIANTS = ("video", "still", "cutout", "sheet")


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the signed links of one answer; `base` is the scheme and host the caller used, None where no link could lead back."""

    signer: Signer
    base: str | None

    def of(self, path: str, variants: Sequence[str]) -> dict[str, str]:
        base = self.base
        if base is None:
            return {}
        return {variant: self.signer.link(base, path, variant=variant) for variant in variants}


def _stamp(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def show_note(note: Note) -> View:
    """A warning or a piece of advice."""
    return {"code": note.code, "message": note.message, "param": note.param, "value": note.value, "limit": note.limit}


def _failure(failure: Failure | None) -> View | None:
    return None if failure is None else {"code": failure.code, "message": failure.message}


def show_cost(cost: Cost) -> View:
    """An amount of money and how sure it is."""
    return {"amount_micros": cost.micros, "currency": cost.currency, "state": cost.state.value}


def _attempt(attempt: Attempt) -> View:
    return {
        "number": attempt.number,
        "deployment": attempt.deployment,
        "provider": attempt.provider,
        "provider_model": attempt.provider_model,
        "state": attempt.state.value,
        "reason": attempt.reason,
        "others": dict(attempt.others),
        "started_at": _stamp(attempt.started_at),
        "ended_at": _stamp(attempt.ended_at),
        "error": _failure(attempt.error),
        "cost": show_cost(attempt.cost),
        "request_id": attempt.request_id,
    }


def show_video(seen: Seen, links: Links) -> View:
    """A job as OpenAI's video object, with what is ours under `castlist`."""
    job, operation = seen.job, seen.job.operation
    return {
        "id": job.id,
        "object": "video",
        "model": operation.model,
        "status": WIRE[job.state],
        "progress": 100 if job.state is State.SUCCEEDED else max(0, min(99, job.progress)),
        "prompt": operation.prompt,
        "seconds": f"{round(output_seconds(operation), 2):g}",
        "size": str(output_size(operation)),
        "created_at": _stamp(job.created_at),
        "completed_at": _stamp(job.completed_at),
        "expires_at": _stamp(job.expires_at),
        "error": _failure(job.error),
        "remixed_from_video_id": None if isinstance(operation, CreateVideo) else operation.source.video,
        "castlist": _show_ours(seen, links),
    }


def _show_ours(seen: Seen, links: Links) -> View:
    job = seen.job
    return {
        "state": job.state.value,
        "provider": job.provider,
        "deployment": job.deployment,
        "provider_model": job.provider_model,
        "cast": [{"id": member.id, "name": member.name, "fidelity": member.fidelity.value} for member in job.cast],
        "warnings": [show_note(note) for note in job.warnings],
        "attempts": [_attempt(attempt) for attempt in seen.attempts],
        "cost": show_cost(seen.cost),
        "urls": links.of(f"/videos/{job.id}/content", VIDEO_VARIANTS) if job.state is State.SUCCEEDED else {},
        "waiting": job.waiting,
        "choice": job.choice and {"reason": job.choice.reason, "others": dict(job.choice.others)},
        "metadata": dict(job.operation.wishes.metadata),
    }


def show_character(character: Character, links: Links) -> View:
    """A character as OpenAI's API shows it, with what is ours under `castlist`."""
    return {
        "id": character.id,
        "created_at": _stamp(character.created_at),
        "name": character.name,
        "castlist": _show_ours_of(character, links),
    }


def _show_ours_of(character: Character, links: Links) -> View:
    clip = character.clip
    ready = character.state is CharacterState.READY
    return {
        "state": character.state.value,
        "description": character.description,
        "subject": character.subject,
        "source": character.source_kind,
        "range": list(character.range) if character.range else None,
        "clip": clip
        and {
            "seconds": clip.seconds,
            "width": clip.width,
            "height": clip.height,
            "fps": clip.fps,
            "bytes": clip.bytes,
            "sha256": clip.sha256,
        },
        "advice": [show_note(note) for note in character.advice],
        "bindings": [
            {
                "provider": binding.provider,
                "account": binding.account,
                "state": binding.state.value,
                "expires_at": _stamp(binding.expires_at),
            }
            for binding in character.bindings
        ],
        "urls": links.of(f"/videos/characters/{character.id}/content", CHARACTER_VARIANTS) if ready else {},
        "metadata": dict(character.metadata),
        "error": character.error,
    }


def show_page(items: Sequence[Mapping[str, object]], *, has_more: bool) -> View:
    """A page as OpenAI's API lists things."""
    return {
        "object": "list",
        "data": list(items),
        "has_more": has_more,
        "first_id": items[0]["id"] if items else None,
        "last_id": items[-1]["id"] if items else None,
    }


def show_model(name: str, deployments: Sequence[Deployment], *, is_default: bool) -> View:
    """A model name with what each of its deployments can do."""
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": deployments[0].provider if deployments else "castlist",
        "castlist": {
            "default": is_default,
            "deployments": [
                {
                    "id": deployment.id,
                    "provider": deployment.provider,
                    "provider_model": deployment.provider_model,
                    "capabilities": dict(deployment.capabilities.to_json()),
                    "price": _show_price(deployment.capabilities),
                    **_show_age(deployment.entry),
                    "unavailable": deployment.unavailable,
                    "notes": [show_note(note) for note in deployment.notes],
                }
                for deployment in deployments
            ],
        },
    }


def _show_price(capabilities: Capabilities) -> View | None:
    prices = {name: {each or "any": micros for each, micros in table.items()} for name, table in capabilities.price_table().items()}
    if not prices:
        return None
    return {
        "currency": "USD",
        "micros_per_second": prices["new"],
        "sound_micros_per_second": prices.get("sound", {}),
        "source_micros_per_second": prices.get("source", {}),
        "micros_per_image": capabilities.micros_per_image,
    }


def _show_age(entry: Entry | None) -> View:
    return {
        "sunset": entry and entry.sunset and entry.sunset.isoformat(),
        "source": entry and entry.source,
        "checked": entry and entry.checked.isoformat(),
    }


def poll_after(seen: Seen) -> int | None:
    """Milliseconds until asking again is worth it; None when the job has ended."""
    job = seen.job
    if job.ended:
        return None
    if WIRE[job.state] == "queued":
        return 1000 if job.waiting else 500
    return 300 if job.progress >= 85 or job.state is State.STORING else 1000 if job.progress >= 5 else 600
