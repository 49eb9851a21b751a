"""For people who write providers: the contract suite, the scripted fake, and an upstream that fails on demand."""

from castlist.testing.assets import FolderAssets
from castlist.testing.contract import ProviderContract
from castlist.testing.fake import FakeProvider

__all__ = ["FakeProvider", "FolderAssets", "ProviderContract"]
