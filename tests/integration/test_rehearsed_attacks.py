"""Attack presentations and bona fide subjects on a simulated clock, three of each; `kiosk selftest` does hundreds."""

import json
from pathlib import Path

import pytest

from hardware.simulated.species import AttackSpecies
from kiosk.admin import attack_run
from kiosk.admin.attack_run import BONA_FIDE, Run, Way, alone, rehearse, summary
from kiosk.admin.selftest import planned_runs
from kiosk.cli import main
from kiosk.errors import SettingsError
from kiosk.verification.layers import PadLayer

SEEDS = range(3)
FOR_IT = {
    AttackSpecies.PRINT: {PadLayer.DEPTH, PadLayer.TEXTURE, PadLayer.LIGHT},
    AttackSpecies.SCREEN_REPLAY: {PadLayer.TEXTURE, PadLayer.LIGHT},
    AttackSpecies.RECORDED_VISIT: {PadLayer.LIGHT},
    AttackSpecies.INJECTION: {PadLayer.STREAM},
    AttackSpecies.PUPPET: {PadLayer.LIGHT},
}
"""Which layers, each by itself, must not let a presentation pass."""


@pytest.mark.parametrize("species", list(AttackSpecies))
def test_no_attack_presentation_is_accepted(species: AttackSpecies) -> None:
    results = [rehearse(Run(species, seed)) for seed in SEEDS]
    assert [result.accepted for result in results] == [False] * len(SEEDS)
    assert all(result.stopped_by for result in results)


def test_bona_fide_subjects_are_accepted_by_every_layer() -> None:
    results = [rehearse(Run(BONA_FIDE, seed, attempts=3)) for seed in SEEDS]
    assert summary(results)["subjects"][BONA_FIDE]["accepted"] == len(SEEDS)
    assert all(result.passed(layer) for result in results for layer in PadLayer if layer is not PadLayer.CLASSIFIER)


@pytest.mark.parametrize("species", FOR_IT)
def test_each_layer_alone_stops_what_it_is_for(species: AttackSpecies) -> None:
    result = rehearse(Run(species, 0, way=Way.ALONE))
    passed = {layer for layer in FOR_IT[species] if result.passed(layer)}
    assert passed == set()
    assert alone([result])[species]["runs"] == 1


def test_a_subject_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match="There is no subject called 'hologram'"):
        planned_runs(["hologram"], 1, Way.VISIT)


def test_the_command_reports_what_it_rehearsed_and_does_not_rehearse_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["selftest", "attacks", "--runs", "1", "--jobs", "1", "--only", "injection", "--out", str(tmp_path)]
    assert main(words) == 0
    counted = json.loads((tmp_path / "attacks.json").read_text())["subjects"]["injection"]
    assert (counted["runs"], counted["accepted"], counted["not_passed"]["stream"]) == (1, 0, 1)
    assert "runs that this layer did not pass" in capsys.readouterr().out
    with (tmp_path / attack_run.WORK_FILE).open("ab") as file:
        file.write(b"torn by a kill")
    monkeypatch.setattr(attack_run, "rehearse", lambda _: pytest.fail("was rehearsed again"))
    assert main(words) == 0
    monkeypatch.setattr(attack_run, "code_of", lambda *_: "another version of the program")
    with pytest.raises(pytest.fail.Exception, match="was rehearsed again"):
        main(words)
