"""The statements of the storage are written once, for SQLite; here they become PostgreSQL's.

What may be in them: `:name` or `?`; a list as `IN (SELECT value FROM json_each(:it))`; a field of a document as
`json_extract(doc, '$.field')`; `ON CONFLICT`, `RETURNING`, `TRUE` and `FALSE`. Nothing else that is SQLite's own.
"""

import re
from functools import cache

_PARTS = re.compile(
    r"""
    (?P<text>'(?:[^']|'')*')
  | json_each\((?P<list>:\w+|\?)\)
  | json_extract\((?P<doc>[\w.]+),\s*'\$\.(?P<field>\w+)'\)
  | :(?P<name>\w+)
  | (?P<mark>\?)
  | (?P<percent>%)
    """,
    re.VERBOSE,
)
# PostgreSQL's JSON has no NUL character, and our documents may quote one that somebody sent.
_NO_NUL = r"regexp_replace({doc}, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')"


@cache
def to_postgres(sql: str) -> str:
    """The statement with the placeholders that psycopg takes."""
    return _PARTS.sub(_part, sql)


def _part(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "list":
            return f"json_array_elements_text({_placeholder(found['list'])}::json) AS it (value)"
        case "field":
            return f"({_NO_NUL.format(doc=found['doc'])}::json ->> '{found['field']}')"
        case "name" | "mark":
            return _placeholder(found[0])
        case "percent":
            return "%%"
        case _:
            return found[0].replace("%", "%%")


def _placeholder(word: str) -> str:
    return "%s" if word == "?" else f"%({word[1:]})s"
