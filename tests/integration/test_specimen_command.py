"""`kiosk specimen` and the pictures it draws."""

from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.admin.specimen import SpecimenError, SpecimenKind, demo_data, demo_portrait, render_specimen, zone_of
from kiosk.cli import main
from kiosk.document.mrz import age_on, evidence_of, parse_mrz

TODAY = date(2026, 7, 1)


@pytest.mark.parametrize("portrait", ["astronaut", "hopper"])
@pytest.mark.parametrize("kind", SpecimenKind)
@pytest.mark.parametrize("today", [TODAY, date(2028, 2, 29), date(2040, 12, 31)])
def test_the_demo_documents_are_acceptable_on_any_day(kind: SpecimenKind, portrait: str, today: date) -> None:
    record = parse_mrz(zone_of(kind, demo_data(portrait, today)), today)

    assert record.issuing_state == "UTO"
    assert evidence_of(record, today, 18).acceptable


def test_the_two_demo_holders_differ() -> None:
    assert demo_data("astronaut", TODAY).number != demo_data("hopper", TODAY).number


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_a_demo_portrait_has_the_shape_of_a_printed_one(name: str) -> None:
    portrait = demo_portrait(name)

    assert portrait.dtype == np.uint8
    assert portrait.shape[1] / portrait.shape[0] == pytest.approx(35 / 45, abs=0.01)


def test_an_unknown_portrait_is_named() -> None:
    with pytest.raises(SpecimenError, match="nobody"):
        demo_portrait("nobody")


def test_the_same_seed_draws_the_same_picture() -> None:
    data, portrait = demo_data("astronaut", TODAY), demo_portrait("astronaut")
    one, same, other = (render_specimen("td2", data, portrait, seed) for seed in (1, 1, 2))

    assert one.shape == (1296, 2304, 3)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_command_writes_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "card.png"

    assert main(["specimen", "--kind", "td3", "--portrait", "hopper", "--expired", "--out", str(out)]) == 0

    assert cv2.imread(str(out)).shape == (1296, 2304, 3)
    assert f"{date.today().year - 1}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("portrait", "out", "sentence"),
    [
        ("missing.jpg", "card.png", "no picture that can be read"),
        ("astronaut", "card.pdf", "names no kind of picture"),
        ("astronaut", "nowhere/card.png", "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], portrait: str, out: str, sentence: str
) -> None:
    assert main(["specimen", "--portrait", portrait, "--out", str(tmp_path / out)]) == 2

    written = capsys.readouterr().err
    assert sentence in written
    assert written.count("\n") == 1


def test_a_holder_under_age_is_twelve_on_any_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kiosk.admin import specimen

    class NewYear(date):
        @classmethod
        def today(cls) -> date:
            return date(2026, 1, 1)

    drawn = []
    monkeypatch.setattr(specimen, "date", NewYear)
    monkeypatch.setattr(specimen, "render_specimen", lambda kind, data, portrait, seed: drawn.append(data))
    monkeypatch.setattr(specimen, "_write", lambda path, pixels: None)
    assert main(["specimen", "--under-age", "--out", str(tmp_path / "page.png")]) == 0

    assert age_on(drawn[0].birth_date, date(2026, 1, 1)) == 12


def test_a_seed_below_zero_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["specimen", "--seed", "-1", "--out", "page.png"])

    assert "give a whole number from 0 on" in capsys.readouterr().err
