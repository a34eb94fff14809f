"""Draws `docs/settings.md` from the records of `kiosk.settings`: `python -m kiosk.admin.settings_page`."""

import ast
import inspect
import itertools
import sys
from collections.abc import Iterator
from types import UnionType
from typing import get_args, get_origin

import msgspec

from kiosk import settings

_INTRODUCTION = """\
# Settings

Drawn from `kiosk/settings.py` by `python -m kiosk.admin.settings_page > docs/settings.md`; change it there.

`settings.toml` lies in the kiosk's folder and is made by `kiosk setup`. It is read strictly, once, at the start: a name
that is not on this page, another type, or a value that cannot be meant stops the start with one sentence that names the
setting. `kiosk run --check` reads it and ends. No secret belongs here: keys lie in the vault.
"""
_TYPES = {
    "bool": "true or false",
    "float": "number",
    "int": "whole number",
    "list": "list of texts",
    "str": "text",
    "str | dict": "text, or one for each language",
}


def draw_settings() -> str:
    """Return the whole page as Markdown."""
    top = msgspec.structs.fields(settings.Settings)
    explained = _explanations("Settings")
    parts = [_INTRODUCTION]
    parts += [_section(field, explained.get(field.name, "")) for field in top]
    return "\n".join(parts)


def _section(field: msgspec.structs.FieldInfo, more: str) -> str:
    record = field.type
    words = " ".join(filter(None, [more, inspect.getdoc(record)]))
    fields = list(msgspec.structs.fields(record))
    return f"## `[{field.name}]`\n\n{words}\n\n{_table(fields, _explanations(record.__name__))}"


def _table(fields: list[msgspec.structs.FieldInfo], explained: dict[str, str]) -> str:
    rows = ["| setting | type | if left out | meaning |", "|---|---|---|---|"]
    rows += [
        f"| `{field.name}` | {_TYPES[_type_name(field)]} | {_default(field)} | {explained.get(field.name, '')} |"
        for field in fields
    ]
    return "\n".join(rows) + "\n"


def _type_name(field: msgspec.structs.FieldInfo) -> str:
    """`str`, or `str | dict` for several."""
    kinds = get_args(field.type) if isinstance(field.type, UnionType) else (get_origin(field.type) or field.type,)
    return " | ".join((get_origin(kind) or kind).__name__ for kind in kinds)


def _default(field: msgspec.structs.FieldInfo) -> str:
    match field.default:
        case msgspec.NODEFAULT:
            return "required" if field.default_factory is msgspec.NODEFAULT else "empty"
        case bool() as default:
            return str(default).lower()
        case float() as default:
            return f"{default:f}".rstrip("0").removesuffix(".")
        case "":
            return "empty"
        case default:
            return str(default)


def _explanations(record: str) -> dict[str, str]:
    """The text below each field of a record; Python keeps it in the source only."""
    tree = ast.parse(inspect.getsource(settings))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == record)
    return dict(_explained(body))


def _explained(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, text in itertools.pairwise(body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as words)):
                yield name, " ".join(words.split())


if __name__ == "__main__":
    sys.stdout.write(draw_settings())
