"""The page on evaluation says what the code has."""

from pathlib import Path

import pytest

from kiosk.admin import evaluate_degrade, evaluate_matching, evaluate_pad, evaluate_rates, site_threshold


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return " ".join((repository / "docs" / "evaluation.md").read_text(encoding="utf-8").split())


def test_numbers_of_the_page_are_those_of_the_code(page: str) -> None:
    for sentence in (
        f"reduces it to {evaluate_degrade.PRINT_INTER_EYE_PX:g} px between the eyes",
        f"cuts it out at {evaluate_degrade.CHIP_INTER_EYE_PX:g} px at most",
        f"JPEG 2000 to about {evaluate_degrade.CHIP_BYTES // 1000} kB",
        f"More than {evaluate_matching.MOST_PAIRS // 10**6} million impostor pairs",
        f"drawn anew ({evaluate_rates._REPLICATES:,} times",
        f"({evaluate_rates.pairs_needed(1e-4):,} for 1e-4), or fewer than {site_threshold.FEWEST_PEOPLE} people",
        f"`threshold` is that number of layers, {evaluate_pad.FAILED_LAYERS_FOR_ATTACK}.",
    ):
        assert sentence in page
