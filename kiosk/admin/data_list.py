"""`kiosk data-list`: prints what is collected, why and for how long, from the list the store is held to."""

import argparse
import json

_EPILOG = """\
examples:
  kiosk data-list                          a short table
  kiosk data-list --language zh            in Chinese
  kiosk data-list --markdown > docs/data-protection.md
  kiosk data-list --json                   for other programs

The same file draws the consent screen and the retention schedule, and the store refuses to open when it has a column
that the list does not name: what is printed here is what is kept.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "data-list",
        help="what is collected, why, and for how long",
        description="Print the data protection list of this kiosk.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="the whole list as a page; docs/data-protection.md")
    form.add_argument("--json", action="store_true", help="the whole list for other programs")
    parser.add_argument("--language", choices=["en", "zh"], default="en", help="language of the texts (%(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from kiosk.privacy.draw_list import as_records, draw_markdown
    from kiosk.store.data_list_file import read_data_list

    data_list = read_data_list()
    if arguments.markdown:
        print(draw_markdown(data_list, arguments.language), end="")
    elif arguments.json:
        print(json.dumps(as_records(data_list, arguments.language), ensure_ascii=False, indent=2))
    else:
        _print_table(arguments.language)
    return 0


def _print_table(language: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from kiosk.privacy.list_words import kept_for, place_of
    from kiosk.store.data_list_file import read_data_list

    headings = ("收集什么", "为何", "保存", "去向") if language == "zh" else ("What", "Why", "Kept", "Where to")
    table = Table(box=box.SIMPLE)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for element in read_data_list().elements:
        name, reason = element.name.in_language(language), element.reason.in_language(language)
        table.add_row(name, reason, kept_for(element, language), place_of(element, language))
    Console().print(table)
