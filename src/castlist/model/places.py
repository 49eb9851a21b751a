"""Where files are kept that are not in the data folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folder:
    """Another folder, which several machines may have mounted."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of an object store: `kind` is s3, gs or az, `name` the bucket's or container's, `prefix` what all names in it begin with.

    `settings` are region, endpoint and credentials by the names that obstore has for them, and are never shown. `cache_bytes` is how much
    of it is kept on this machine, for renders and providers to read as files.
    """

    kind: str
    name: str
    prefix: str = ""
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    cache_bytes: int = 2 << 30

    def __str__(self) -> str:
        return f"{self.kind}://{self.name}{f'/{self.prefix}' if self.prefix else ''}"


Place = Folder | Bucket
