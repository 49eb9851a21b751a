"""What is kept: rows in a database, bytes in an object store, several processes on one data directory."""

from castlist.storage.assets import Assets, StoredAsset
from castlist.storage.bindings import Bindings
from castlist.storage.changes import Changes
from castlist.storage.characters import Characters
from castlist.storage.database import Clock
from castlist.storage.holders import Holders
from castlist.storage.jobs import Jobs
from castlist.storage.outbox import Outbox
from castlist.storage.page import Page
from castlist.storage.secrets import SealedSecret, Secrets
from castlist.storage.store import Storage

__all__ = [
    "Assets",
    "Bindings",
    "Changes",
    "Characters",
    "Clock",
    "Holders",
    "Jobs",
    "Outbox",
    "Page",
    "SealedSecret",
    "Secrets",
    "Storage",
    "StoredAsset",
]
