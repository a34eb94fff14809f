"""One face against one document, and nothing else is read off a face: no search, no age, sex, emotion or origin.

Held by names, since whatever somebody adds has one; by the closed set of what models may do; and by what a comparison
takes: one probe and one reference.
"""

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.runtime import messages
from kiosk.verification import comparison
from kiosk.vision.model_form import ScoreKind
from kiosk.vision.models import ModelRole

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for package in ("kiosk", "hardware") for path in (REPOSITORY / package).rglob("*.py"))
TEXTS = sorted((REPOSITORY / "assets" / "texts").glob("*.toml"))

TRAITS = {
    "gender", "sex", "emotion", "emotions", "mood", "ethnicity", "ethnic", "race", "racial", "beauty", "attractiveness",
}  # fmt: skip
SEARCH = {"watchlist", "blocklist", "blacklist", "topk", "faiss", "annoy", "deduplicate", "recognise", "identification"}
# A date of birth gives an age, and records grow old; neither is read off a face.
AGES_OF_RECORDS_AND_DOCUMENTS = {
    "age_on", "age_s", "minimum_age_years", "under_age", "document_under_age", "holder_under_age", "preview_age_s",
}  # fmt: skip
LOOPS_MAY_STAND_IN = ("admin/evaluate", "admin/model_trial.py", "admin/doctor")


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """Every name that the file gives or uses, split into its words' carrier."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for field in ("id", "attr", "arg", "name"):
            if isinstance(name := getattr(node, field, None), str):
                yield getattr(node, "lineno", 1), name


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY / path.relative_to(REPOSITORY).parts[0]).as_posix()


def test_no_name_speaks_of_a_trait_read_off_a_face_or_of_a_search() -> None:
    found = []
    for path in SOURCES:
        for line, name in identifiers(path):
            forbidden = words(name) & (TRAITS | SEARCH)
            if forbidden or (
                words(name) & {"age", "ages"} and name.strip("_").lower() not in AGES_OF_RECORDS_AND_DOCUMENTS
            ):
                found.append(f"{relative(path)}:{line}: {name}")
    assert not found, "the kiosk verifies one to one and reads no trait off a face; name it otherwise or leave it out"


def test_models_have_no_other_role_than_these() -> None:
    assert set(ModelRole) == {"face_template", "face_landmarks", "face_detection", "text_recognition", "pad_classifier"}
    assert set(ScoreKind) == {"cosine"}


def test_a_comparison_takes_one_probe_and_one_reference_and_gives_one_score() -> None:
    parameters = inspect.signature(comparison.compare).parameters
    assert {name: part.annotation for name, part in parameters.items()} == {
        "probe": comparison.FaceTemplate,
        "reference": comparison.FaceTemplate,
    }
    (score,) = [field.type for field in msgspec.structs.fields(messages.Compared) if field.name == "score"]
    assert score is float


def test_nobody_compares_a_face_with_several() -> None:
    """Outside an evaluation, which knows who is who, `compare` stands in no loop."""
    loops = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    found = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for loop in (node for node in ast.walk(tree) if isinstance(node, loops)):
            calls = (node.func for node in ast.walk(loop) if isinstance(node, ast.Call))
            if "compare" in {called.id for called in calls if isinstance(called, ast.Name)}:
                found.append(f"{relative(path)}:{loop.lineno}")
    assert not [place for place in found if not place.startswith(LOOPS_MAY_STAND_IN)], "that is a search"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_text_tells_anybody_a_trait(path: Path) -> None:
    spoken = str(tomllib.loads(path.read_text(encoding="utf-8"))).lower()
    assert not re.search(rf"\b({'|'.join(sorted(TRAITS))}|sex|looks? (young|old))\b|性别|情绪|种族|年龄识别", spoken)
