"""`kiosk data-list`: prints what is collected, why and for how long, from the list the store is held to."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kiosk.privacy.data_list import DataProtectionList

_EPILOG = """\
examples:
  kiosk data-list                          a short table
  kiosk data-list --language zh            in Chinese
  kiosk data-list --markdown > docs/data-protection.md
  kiosk data-list --json                   for other programs
  kiosk data-list --records --folder DIR   records of processing (GDPR Art. 30, PIPL Art. 55 and 56) of that kiosk
  kiosk data-list --records --json         the same for other programs

The same file draws the consent screen and the retention schedule, and the store refuses to open when it has a column
that the list does not name: what is printed here is what is kept. With --folder it is the list in force at that kiosk:
with the bank's shorter periods, without what it has switched off, and with the names of who answers for the data.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "data-list",
        help="what is collected, why, and for how long",
        description="Print the data protection list of this kiosk.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, help="the list in force at the kiosk of this folder")
    parser.add_argument(
        "--records", action="store_true", help="records of processing and impact assessment, as Markdown or --json"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="the whole list as a page; docs/data-protection.md")
    form.add_argument("--json", action="store_true", help="the whole list for other programs")
    parser.add_argument("--language", choices=["en", "zh"], default="en", help="language of the texts (%(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    data_list, language = _data_list(arguments.folder), arguments.language
    if arguments.records:
        from kiosk.privacy.processing_records import draw_processing_records, processing_records

        records = processing_records(data_list, language)
        print(_json(records) if arguments.json else draw_processing_records(data_list, language).rstrip("\n"))
    elif arguments.markdown or arguments.json:
        from kiosk.privacy.draw_list import as_records, draw_markdown

        records = as_records(data_list, language)
        print(_json(records) if arguments.json else draw_markdown(data_list, language).rstrip("\n"))
    else:
        _print_table(data_list, language)
    return 0


def _data_list(folder: Path | None) -> "DataProtectionList":
    """As shipped, or as it is in force at a kiosk; raise a `KioskError`."""
    if folder is None:
        from kiosk.store.data_list_file import read_data_list

        return read_data_list()
    from kiosk.settings import list_in_force, load_settings

    return list_in_force(load_settings(folder))


def _json(records: dict[str, Any]) -> str:
    return json.dumps(records, ensure_ascii=False, indent=2)


def _print_table(data_list: "DataProtectionList", language: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from kiosk.privacy.list_words import kept_for, place_of

    headings = ("收集什么", "为何", "保存", "去向") if language == "zh" else ("What", "Why", "Kept", "Where to")
    table = Table(box=box.SIMPLE)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for element in data_list.elements:
        name, reason = element.name.in_language(language), element.reason.in_language(language)
        table.add_row(name, reason, kept_for(element, language), place_of(element, language))
    Console().print(table)
