"""The stable names of deployments and accounts: never a place in a list, never a key's value."""

from castlist.config.reading import Text


def name_deployment(provider: str, model: str, base: Text | None) -> str:
    """The id of a deployment that was given none."""
    return f"{provider}/{model}" + (f"@{base.written.rstrip('/')}" if base else "")


def name_account(provider: str, base: Text | None, key: Text | None) -> str:
    """The name of the credentials, where the file gives none."""
    parts = [provider, base.written.rstrip("/") if base else "", (key.variable or "key in the file") if key else ""]
    return " ".join(part for part in parts if part)
