"""Rates are honest: an interval around each, never looser with a higher threshold, 3/N where nothing went wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.admin.evaluate_matching import matching_report, recommended_thresholds, score_set
from kiosk.admin.evaluate_pairs import EvaluationSet, ListedPairs
from kiosk.admin.evaluate_rates import (
    GenuineScores,
    ImpostorScores,
    best_of_attempts,
    det_points,
    pairs_needed,
    percent,
    rate_of_people,
    rate_of_person,
    rate_of_two_people,
    subjects_by_name,
    wilson,
)

counts = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda p: (min(p), max(p))), max_size=12)
cosines = st.lists(st.floats(-1, 1), min_size=1, max_size=60)


@given(counts)
def test_an_interval_contains_its_rate_and_stays_within_0_and_1(people: list[tuple[int, int]]) -> None:
    rate = rate_of_people(people)
    low, high = rate.interval
    assert 0 <= low <= high <= 1
    assert rate.people == sum(trials > 0 for _, trials in people)
    if rate.trials:
        assert low <= rate.errors / rate.trials <= high
    else:
        assert (rate.value, rate.interval) == (None, (0.0, 1.0))


@given(counts)
def test_no_rate_is_said_without_its_n(people: list[tuple[int, int]]) -> None:
    rate = rate_of_people(people)
    assert ("N = 0" if not rate.trials else f"{rate.errors:,} of {rate.trials:,}") in rate.words


@given(st.integers(1, 5000))
def test_without_an_error_the_rule_of_three_speaks(trials: int) -> None:
    none, all_of_them = rate_of_people([(0, trials)]), rate_of_people([(trials, trials)])
    assert none.interval == (0.0, min(1.0, 3 / trials))
    assert none.words.startswith("< ")
    assert all_of_them.interval == (max(0.0, 1 - 3 / trials), 1.0)


def test_people_who_fail_every_time_widen_the_interval() -> None:
    """The same 20 errors in 200 trials: spread over all, or all of two people."""
    spread = rate_of_people([(1, 10)] * 20)
    of_two = rate_of_people([(10, 10)] * 2 + [(0, 10)] * 18)
    assert spread.value == of_two.value == 0.1
    assert of_two.interval[1] - of_two.interval[0] > 1.5 * (spread.interval[1] - spread.interval[0])


def test_impostor_intervals_draw_both_people_anew() -> None:
    """One person who matches everybody is one person, however many comparisons that makes."""
    one, other = np.triu_indices(40, 1)
    wolf = (one == 0) | (other == 0)
    rate = rate_of_two_people(one.astype(np.int64), other.astype(np.int64), wolf)
    assert rate.people == 40
    low, high = wilson(rate.errors, rate.trials)
    assert rate.interval[0] < low
    assert rate.interval[1] > high


@given(cosines, st.floats(-1, 1), st.floats(0, 1))
def test_a_higher_threshold_never_lets_more_through(scores: list[float], threshold: float, more: float) -> None:
    people = np.arange(len(scores), dtype=np.int64)
    impostor = ImpostorScores(people, people + 1, np.array(scores))
    genuine = GenuineScores(people, np.array(scores))
    assert impostor.fmr(threshold + more).errors <= impostor.fmr(threshold).errors
    assert genuine.fnmr(threshold + more).errors >= genuine.fnmr(threshold).errors


@given(cosines, st.sampled_from([1e-3, 0.1, 0.5]))
def test_the_threshold_of_a_set_keeps_its_rate_and_is_the_lowest_that_does(scores: list[float], target: float) -> None:
    people = np.arange(len(scores), dtype=np.int64)
    impostor = ImpostorScores(people, people + 1, np.array(scores))
    threshold = impostor.threshold_at(target)
    assert threshold is not None
    assert impostor.fmr(threshold).errors <= target * len(scores) + 1e-9
    assert impostor.fmr(threshold - 2.1e-4).errors > target * len(scores) - 1e-9 or threshold == -1.0


def test_scores_that_are_no_numbers_are_non_matches() -> None:
    people = np.zeros(2, dtype=np.int64)
    scores = np.array([np.nan, 0.9])
    assert GenuineScores(people, scores).fnmr(0.5).errors == 1
    assert ImpostorScores(people, people + 1, scores).fmr(0.5).errors == 1


@given(cosines, cosines)
def test_the_det_curve_falls(genuine: list[float], impostor: list[float]) -> None:
    thresholds, fmr, fnmr = det_points(np.array(genuine), np.array(impostor))
    assert (np.diff(thresholds) > 0).all()
    assert (np.diff(fmr) <= 1e-12).all()
    assert (np.diff(fnmr) >= -1e-12).all()
    assert ((fmr >= 0) & (fmr <= 1) & (fnmr >= 0) & (fnmr <= 1)).all()


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-1, 1)), max_size=40))
def test_a_transaction_is_three_attempts_of_one_run_and_its_best_one_counts(attempts: list[tuple[int, float]]) -> None:
    runs, scores = np.array([run for run, _ in attempts], dtype=np.int64), np.array([score for _, score in attempts])
    first, best = best_of_attempts(runs, scores)
    expected = []
    for run in sorted(set(runs.tolist())):
        own = [score for at, score in attempts if at == run]
        expected += [max(own[start : start + 3]) for start in range(0, len(own) - len(own) % 3, 3)]
    assert best.tolist() == expected
    assert (np.isin(runs[first], runs)).all()


def test_a_set_needs_three_pairs_for_each_error_it_would_allow() -> None:
    assert [pairs_needed(rate) for rate in (1e-3, 1e-4, 1e-5)] == [3000, 30000, 300000]


@pytest.mark.parametrize(("share", "words"), [(0.0, "0 %"), (0.5, "50 %"), (0.0123, "1.2 %"), (0.0000123, "0.0012 %")])
def test_a_small_share_is_never_rounded_to_none(share: float, words: str) -> None:
    assert percent(share) == words


def test_subjects_are_told_by_name_only_where_every_name_tells_one() -> None:
    assert subjects_by_name(["0001_00_01", "0002_00"]) == {"0001_00_01": "0001", "0002_00": "0002"}
    assert subjects_by_name(["0001_00_01", "clip.mp4"]) is None
    assert subjects_by_name(["_a"]) is None
    assert subjects_by_name([]) is None


# --- from templates to scores ---


def _unit(*values: float) -> np.ndarray:
    return np.array(values) / np.linalg.norm(values)


def _set(person: list[int], listed: ListedPairs | None = None, groups: dict[int, str] | None = None) -> EvaluationSet:
    return EvaluationSet("numbers", (), np.array(person), max(person) + 1, groups or {}, listed)


def test_every_picture_is_compared_with_every_other_once_and_never_with_itself() -> None:
    templates = [_unit(1, 0.1), _unit(1, -0.1), _unit(0, 1), _unit(0.1, 1)]
    scores = score_set(_set([0, 0, 1, 1]), templates, templates, both_ways=False)
    assert sorted(scores.genuine.person.tolist()) == [0, 1]
    assert len(scores.impostor.score) == 4
    assert scores.genuine.score.min() > scores.impostor.score.max()


def test_a_degraded_reference_makes_a_comparison_of_its_own_each_way() -> None:
    templates = [_unit(1, 0.1), _unit(1, -0.1), _unit(0, 1)]
    scores = score_set(_set([0, 0, 1]), templates, templates, both_ways=True)
    assert (len(scores.genuine.score), len(scores.impostor.score)) == (2, 4)


def test_what_was_not_acquired_is_counted_and_in_no_rate() -> None:
    scores = score_set(
        _set([0, 0, 1]), [_unit(1, 0), None, _unit(0, 1)], [_unit(1, 0), None, _unit(0, 1)], both_ways=False
    )
    assert (len(scores.genuine.score), len(scores.impostor.score)) == (0, 1)
    assert (scores.genuine_not_compared, scores.impostor_not_compared) == (1, 1)


def test_a_transaction_has_one_reference_and_three_other_pictures() -> None:
    templates = [_unit(1, 0.1 * n) for n in range(4)] + [_unit(0.1 * n, 1) for n in range(3)]
    scores = score_set(_set([0] * 4 + [1] * 3), templates, templates, both_ways=False)
    assert len(scores.genuine_transactions.score) == 4, "each of the first person's four is the reference of one"
    assert len(scores.impostor_transactions.score) == 4 + 3


def test_groups_compare_within_themselves() -> None:
    templates = [_unit(1, n) for n in range(4)]
    scores = score_set(_set([0, 1, 2, 3], groups={0: "a", 1: "a", 2: "b"}), templates, templates, both_ways=False)
    assert scores.groups == ("a", "b")
    assert (scores.impostor_group == 0).sum() == 1
    assert (scores.impostor_group == -1).sum() == 5


def test_listed_pairs_are_compared_as_listed() -> None:
    listed = ListedPairs(np.array([0, 0]), np.array([1, 2]), ("x", ""))
    scores = score_set(_set([0, 0, 1], listed), [_unit(1, 0)] * 3, [_unit(1, 0)] * 3, both_ways=False)
    assert (len(scores.genuine.score), len(scores.impostor.score)) == (1, 1)
    assert scores.genuine_group.tolist() == [0]


def test_a_set_that_is_too_small_recommends_nothing() -> None:
    source = np.random.default_rng(5)
    templates = [_unit(*source.normal(size=8)) for _ in range(90)]
    scores = score_set(_set(list(range(90))), templates, templates, both_ways=False)
    wanted = recommended_thresholds(scores)
    assert wanted[1e-3] is not None
    assert (wanted[1e-4], wanted[1e-5]) == (None, None)


def test_without_impostors_and_without_a_threshold_no_rate_is_made_up() -> None:
    templates = [_unit(1, 0.1), _unit(1, 0)]
    one = _set([0, 0])
    report = matching_report(one, score_set(one, templates, templates, both_ways=False), "none", (), {})
    for point in report["operating_points"]:
        assert (point["threshold"], point["fmr"], point["fnmr"]) == (None, None, None)
        assert point["fnmr_interval"] == [0.0, 1.0]


def test_rates_of_persons_with_no_trials_are_left_out() -> None:
    rate = rate_of_person(np.array([7, 7], dtype=np.int64), np.array([True, False]))
    assert (rate.errors, rate.trials, rate.people) == (1, 2, 1)
