"""What is compared with what: a folder for each person, or a CSV of pairs. Opens no picture.

A CSV names no people: those whose pictures a genuine pair joins are one person, so the number of people is an upper
bound.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kiosk.admin.evaluate_rates import Indices
from kiosk.errors import VisionError
from kiosk.vision.photograph import printable

PICTURE_ENDINGS = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".jp2", ".j2k")
)
GROUPS_FILE = "groups.csv"
_COLUMNS = ("probe", "reference", "genuine", "group")
_LARGEST_CSV_BYTES = 512 << 20
_LONGEST_GROUP = 60


class EvaluationSetError(VisionError):
    """What was given to evaluate is no such set."""


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Pictures, whose each is, and which are compared."""

    name: str
    pictures: tuple[Path, ...]
    person: Indices
    """Of each picture, 0…n_people−1."""
    n_people: int
    group_of_person: Mapping[int, str] = field(default_factory=dict)
    listed: "ListedPairs | None" = None
    """None where every picture is compared with every other."""


@dataclass(frozen=True, slots=True)
class ListedPairs:
    """Pairs as a CSV names them; indices of pictures."""

    probe: Indices
    reference: Indices
    group: tuple[str, ...]
    """Of each pair, empty where there is none."""


def read_set(root: Path) -> EvaluationSet:
    """Read ROOT, a folder or a CSV; raise `EvaluationSetError`."""
    if root.is_dir():
        return _folder_set(root)
    if not root.exists():
        raise EvaluationSetError(f"There is no {printable(root)}; name a folder of people or a CSV of pairs.")
    return _csv_set(root)


def _folder_set(root: Path) -> EvaluationSet:
    people = [(folder.name, _pictures_in(folder)) for folder in sorted(root.iterdir()) if folder.is_dir()]
    people = [(name, pictures) for name, pictures in people if pictures]
    if not people:
        raise EvaluationSetError(
            f"{printable(root)} holds no folder with pictures; put each person's pictures into a folder of their own."
        )
    person = [number for number, (_, pictures) in enumerate(people) for _ in pictures]
    groups = _groups(root / GROUPS_FILE, {name: number for number, (name, _) in enumerate(people)})
    pictures = tuple(picture for _, pictures in people for picture in pictures)
    return EvaluationSet(
        printable(Path(root.name or root)), pictures, np.array(person, dtype=np.int64), len(people), groups
    )


def _pictures_in(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS)
    return sorted(path for path in found if not path.name.startswith(".") and path.is_file())


def _groups(path: Path, people: Mapping[str, int]) -> dict[int, str]:
    """The group of each person who has one; a name that nobody has is a mistake worth a word."""
    if not path.exists():
        return {}
    groups: dict[int, str] = {}
    for number, (line, row) in enumerate(_rows(path)):
        if number == 0 and [cell.lower() for cell in row[:2]] == ["person", "group"]:
            continue
        if len(row) < 2 or row[0] not in people:
            raise EvaluationSetError(f"{printable(path)}, line {line}: write person,group with a folder's name.")
        groups[people[row[0]]] = _group_name(row[1])
    return groups


def _csv_set(path: Path) -> EvaluationSet:
    pictures: dict[str, int] = {}
    seen: dict[tuple[str, str], str] = {}
    probes, references, genuine, groups = [], [], [], []
    for line, row in _numbered_pairs(path):
        probe, reference, kind = row["probe"], row["reference"], row["genuine"]
        if not probe or not reference or "\0" in probe + reference:
            raise EvaluationSetError(f"{printable(path)}, line {line}: a picture is not named.")
        if kind not in ("0", "1"):
            raise EvaluationSetError(f"{printable(path)}, line {line}: genuine must be 1 or 0.")
        if probe == reference:
            raise EvaluationSetError(f"{printable(path)}, line {line}: a picture is compared with itself.")
        if (probe, reference) in seen and kind == seen[probe, reference]:
            continue  # named twice, counted once
        seen[probe, reference] = kind
        probes.append(pictures.setdefault(probe, len(pictures)))
        references.append(pictures.setdefault(reference, len(pictures)))
        genuine.append(kind == "1")
        groups.append(_group_name(row.get("group", "")))
    if not probes:
        raise EvaluationSetError(f"{printable(path)} names no pair; write probe,reference,genuine on each line.")
    person = _people_of(
        len(pictures), [pair for pair, same in zip(zip(probes, references, strict=True), genuine, strict=True) if same]
    )
    for number, (one, other, same) in enumerate(zip(probes, references, genuine, strict=True), 1):
        if not same and person[one] == person[other]:
            raise EvaluationSetError(
                f"{printable(path)}, pair {number}: genuine pairs say that these are one person; correct it."
            )
    listed = ListedPairs(np.array(probes, dtype=np.int64), np.array(references, dtype=np.int64), tuple(groups))
    files = tuple(path.parent / name for name in pictures)
    return EvaluationSet(printable(Path(path.stem)), files, person, int(person.max()) + 1, {}, listed)


def _numbered_pairs(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    names: Sequence[str] = _COLUMNS
    for number, (line, row) in enumerate(_rows(path)):
        if number == 0 and {"probe", "reference", "genuine"} <= {cell.lower() for cell in row}:
            names = [cell.lower() for cell in row]
            continue
        if len(row) < 3 or len(row) > len(names):
            raise EvaluationSetError(
                f"{printable(path)}, line {line}: write probe,reference,genuine and perhaps group, with commas between."
            )
        yield line, {"genuine": ""} | dict(zip(names, row, strict=False))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the line of the file on which each ends."""
    try:
        if not path.is_file():
            raise EvaluationSetError(f"{printable(path)} is neither a folder nor a file; name a folder or a CSV.")
        if path.stat().st_size > _LARGEST_CSV_BYTES:
            raise EvaluationSetError(f"{printable(path)} is larger than 512 MiB; give fewer pairs.")
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except UnicodeDecodeError as error:
        raise EvaluationSetError(f"{printable(path)} is no text in UTF-8; save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise EvaluationSetError(
            f"{printable(path)} is no CSV ({error}); save it as CSV in UTF-8, with commas between."
        ) from error


def _group_name(text: str) -> str:
    """A label that can stand in a table."""
    return "".join(letter for letter in text.strip() if letter.isprintable() and letter not in "|`\\")[:_LONGEST_GROUP]


def _people_of(pictures: int, same: Sequence[tuple[int, int]]) -> Indices:
    """Number people so that pictures of a genuine pair are of one."""
    leader = list(range(pictures))

    def led_by(picture: int) -> int:
        while leader[picture] != picture:
            leader[picture] = leader[leader[picture]]
            picture = leader[picture]
        return picture

    for one, other in same:
        leader[led_by(one)] = led_by(other)
    _, people = np.unique([led_by(picture) for picture in range(pictures)], return_inverse=True)
    return people.astype(np.int64)
