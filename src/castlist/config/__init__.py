"""A YAML file (and `os.environ/NAME`) becomes frozen settings; every mistake in it is reported at once."""

from castlist.config.loading import client_settings, config_path, data_folder, load
from castlist.config.settings import (
    ClientSettings,
    Limits,
    ModelEntry,
    OnRetired,
    Overrides,
    ProjectKeys,
    PromptName,
    Secret,
    Settings,
)

__all__ = [
    "ClientSettings",
    "Limits",
    "ModelEntry",
    "OnRetired",
    "Overrides",
    "ProjectKeys",
    "PromptName",
    "Secret",
    "Settings",
    "client_settings",
    "config_path",
    "data_folder",
    "load",
]
