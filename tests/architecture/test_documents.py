"""What the documents name exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
NAMED_FILE = re.compile(r"`((?:kiosk|hardware|tests|docs|assets)/[\w./-]+\.\w+)`")
COMMAND = re.compile(r"(?:start\.py kiosk|`kiosk) ([a-z][a-z-]+)\b")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_and_every_file_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    places = [document.parent / link for link in LINK.findall(text)]
    places += [REPOSITORY / name for name in NAMED_FILE.findall(text)]
    assert [str(place.relative_to(REPOSITORY)) for place in places if not place.exists()] == []


def test_every_command_named_exists() -> None:
    known = subprocess.run(
        [sys.executable, "-m", "kiosk", "--help"], cwd=REPOSITORY, capture_output=True, text=True
    ).stdout
    named = {name for document in DOCUMENTS for name in COMMAND.findall(document.read_text(encoding="utf-8"))}
    assert len(named) > 5
    assert sorted(name for name in named if not re.search(rf"^\s+{name}\s", known, re.MULTILINE)) == []
