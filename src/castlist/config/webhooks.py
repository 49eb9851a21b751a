"""Who is told of the end of videos, as the configuration names them."""

from collections.abc import Collection

from castlist.config.document import Node
from castlist.config.reading import Reading
from castlist.model.telling import EVENTS, Wanted, is_address

FIELDS = ("url", "project", "events", "allow_private")


def read_webhooks(reading: Reading, node: Node | None, *, projects: Collection[str]) -> tuple[Wanted, ...]:
    """The endpoints of `castlist.webhooks`, each address once for a project."""
    if node is None or node.value is None:
        return ()
    found: dict[tuple[str, str], Wanted] = {}
    for item in reading.listing(node, "webhooks"):
        wanted = _read_endpoint(reading, item, projects)
        if wanted is None:
            continue
        if (wanted.project, wanted.url) in found:
            reading.wrong(item.line, f"an address is told once: the project {wanted.project!r} has this one already")
        found[wanted.project, wanted.url] = wanted
    return tuple(found.values())


def _read_endpoint(reading: Reading, item: Node, projects: Collection[str]) -> Wanted | None:
    fields = reading.mapping(item, "a webhook")
    for name, node in fields.items():
        if name not in FIELDS:
            reading.unknown(node.line, name, FIELDS, where="a webhook")
    url = reading.text(fields.get("url"), "webhooks.url")
    if url is None or url.value is None:
        reading.wrong(
            item.line,
            "a webhook needs a url"
            if url is None
            else f"webhooks.url is to come from the environment variable {url.variable}, which is not set",
        )
        return None
    if not is_address(url.value):
        reading.wrong(url.line, "webhooks.url is an address such as https://example.com/castlist, without a user name or a fragment")
    project = reading.text(fields.get("project"), "webhooks.project")
    name = project.value or "default" if project else "default"
    if name not in projects:
        reading.wrong(item.line, f"webhooks.project: there is no project {name!r}; known: {', '.join(sorted(projects))}")
    events = reading.texts(fields.get("events"), "webhooks.events") or EVENTS
    for event in events:
        if event not in EVENTS:
            reading.wrong(fields["events"].line, f"webhooks.events: there is no event {event!r}; known: {', '.join(EVENTS)}")
    private = reading.flag(fields.get("allow_private"), "webhooks.allow_private")
    return Wanted(name, url.value, events, allow_private=bool(private))
