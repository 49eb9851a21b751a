"""Why a deployment cannot take an operation, and what is said when none can."""

import difflib
from collections.abc import Sequence
from dataclasses import replace

from castlist.errors import InvalidRequest, NotFound, NotImplementedHere, Retired, Unavailable, Unsupported
from castlist.model import fitting
from castlist.model.capabilities import Refusal
from castlist.model.operations import Operation
from castlist.model.pricing import show_usd
from castlist.model.providing import Deployment
from castlist.model.routes import Rules
from castlist.routing.scene import Scene


def unknown_model(model: str, deployments: Sequence[Deployment]) -> NotFound:
    """The error for a model name that is not configured, with the nearest names."""
    names = list(dict.fromkeys(d.model for d in deployments))
    near = difflib.get_close_matches(model.lower(), names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "none of its models has a name like it."
    text = f"There is no model {model[:80]!r} here; {hint} Configured: {', '.join(names[:20])}."
    return NotFound(text, code="model_not_found", param="model")


def refuse(operation: Operation, deployment: Deployment, scene: Scene) -> Refusal | None:
    """Why that deployment cannot take the operation: a code, a sentence, and the parameter; None when it can."""
    if deployment.retired:
        return "provider_retired", deployment.unavailable or "", "model"
    if deployment.unavailable:
        return "model_unavailable", deployment.unavailable, "model"
    wrong = _wrong_option(operation, deployment)
    if wrong:
        return wrong
    return fitting.why_not(operation, deployment) or _unread(operation, deployment, scene) or _too_dear(operation, deployment)


def _unread(operation: Operation, deployment: Deployment, scene: Scene) -> Refusal | None:
    if scene.private is None:
        return None
    kept = deployment.account.name in scene.keepers
    return deployment.capabilities.why_unread(operation, replace(scene.private, source=False) if kept else scene.private)


def _too_dear(operation: Operation, deployment: Deployment) -> Refusal | None:
    most, model = operation.wishes.max_cost, deployment.capabilities.model
    if most is None:
        return None
    price = deployment.capabilities.price(fitting.fit(operation, deployment)[0])
    if price is None:
        text = f"what {model} costs is not known here, so no max_cost can hold; output_cost_per_second in the configuration says it"
        return "price_unknown", text, "castlist.max_cost"
    if price > most:
        text = f"{model} would cost up to {show_usd(price)}, more than the max_cost of {show_usd(most)}"
        return "max_cost_exceeded", text, "castlist.max_cost"
    return None


def _wrong_option(operation: Operation, deployment: Deployment) -> Refusal | None:
    allowed = deployment.capabilities.options
    for name, value in operation.wishes.options.get(deployment.provider, {}).items():
        param = f"{deployment.provider}.{name}"
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            return "unknown_option", f"{deployment.provider} has no option {name!r} that a request may set; it has: {known}", param
        if value is not None and value not in allowed[name]:
            words = " or ".join(f'"{word}"' for word in allowed[name])
            return "invalid_option", f"{param} is {words}, and not {str(value)[:40]!r}", param
    return None


def check_options(operation: Operation, deployments: Sequence[Deployment], rules: Rules) -> None:
    """Refuse options of a provider that has no part in the operation's model. Raises InvalidRequest."""
    names = rules.chain(operation.model)
    group = [d for d in deployments if d.model in names]
    serving = dict.fromkeys(d.provider for d in group)
    # What is said to a vendor whose model is gone here may go on being said.
    heard = {*serving, *(d.entry.provider for d in group if d.entry)}
    for name in operation.wishes.options if group else ():
        if name not in heard:
            text = f"{operation.model} is served by {' and '.join(serving)}, so options of {name} would reach nobody"
            raise InvalidRequest(f"{text}.", code="unknown_option", param=name)


def why_none(operation: Operation, group: Sequence[Deployment], everything: Sequence[Deployment], scene: Scene) -> Exception:
    """The error when no deployment of `group` can take the operation; it names the models of `everything` that could."""
    refusals = [(d, refusal) for d in group if (refusal := refuse(operation, d, scene))]
    names = {d.model for d in group}
    others = sorted({d.model for d in everything if d.model not in names and refuse(replace(operation, model=d.model), d, scene) is None})
    hint = f" Models here that can: {', '.join(others)}." if others else ""
    sentences = "; ".join(dict.fromkeys(refusal[1] for _, refusal in refusals))
    codes = {refusal[0] for _, refusal in refusals}
    if codes == {"provider_retired"}:
        return Retired(f"Model {operation.model!r} is gone: {sentences}.{hint}", param="model")
    if codes <= {"model_unavailable", "provider_retired"}:
        return Unavailable(f"Model {operation.model!r} cannot be used now: {sentences}.{hint}", code="model_unavailable", param="model")
    lacking = not any(operation.kind in d.capabilities.implements | d.capabilities.approximates for d in group)
    if lacking and not others:
        return NotImplementedHere(f"{sentences}, and no other model here can.")
    _, (code, _, param) = refusals[0]
    if code in {"unknown_option", "invalid_option"}:
        return InvalidRequest(f"{sentences}.", code=code, param=param)
    return Unsupported(f"{sentences}.{hint}", reasons={d.id: refusal[1] for d, refusal in refusals}, code=code, param=param)
