"""Whether what was asked could be sent at all, asked of the adapters before a video is accepted."""

from collections.abc import Mapping, Sequence

from castlist.engine.kit import Kit
from castlist.engine.moves import assign
from castlist.engine.rehearsal import Rehearsal
from castlist.errors import ProviderError, Retry, Unsupported
from castlist.model.characters import Character
from castlist.model.jobs import Job
from castlist.model.providing import Media
from castlist.routing import Plan
from castlist.storage import StoredAsset


def media_of(assets: Sequence[StoredAsset]) -> Sequence[Media]:
    """Files that came with a request and have no row yet, as adapters are told of them."""
    return [Media(asset.id, asset.media_type, asset.bytes) for asset in assets]


async def foresee(kit: Kit, job: Job, plan: Plan, *, characters: Sequence[Character], files: Sequence[Media]) -> None:
    """Return as soon as one of the plan's deployments would send the job. Raises Unsupported, with the reason of each, when all of them
    would refuse it before anything was sent: then its video could only fail later."""
    reasons, last = dict(plan.reasons), None
    for deployment in plan.able:
        try:
            await Rehearsal(kit, files, blank=True).order(kit, assign(job, deployment), deployment, characters=characters)
            return
        except ProviderError as error:
            reasons[deployment.id], last = error.message, error
            if error.retry is Retry.NEVER:
                break
        except Exception:
            # An adapter that breaks has refused nothing: the video's own steps try it again, and say so.
            return
    if last:
        raise refuse(last, reasons)


def refuse(last: ProviderError, reasons: Mapping[str, str]) -> Unsupported:
    """The answer to a request that every adapter refuses, with what the last one said."""
    error = Unsupported(last.message, reasons=reasons, code=last.code)
    error.__cause__ = last
    return error
