"""Error rates with what makes them honest: their N, their people, their interval. Pure; reads no file.

Comparisons of one person hang together, so intervals come from drawing people anew, not comparisons. Where a rate is 0
or 1 drawing anew says nothing, and the rule of three speaks: with no error in N trials the rate is below 3/N (95 %).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FMR_TARGETS = (1e-3, 1e-4, 1e-5)
_REPLICATES = 1000
_SEED = 30107
_TAIL_PERCENT = 2.5
_NORMAL_95 = 1.959964

Interval = tuple[float, float]
Indices = NDArray[np.int64]
Scores = NDArray[np.float64]
Hits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rate:
    """Errors among trials of so many people."""

    errors: int
    trials: int
    people: int
    interval: Interval
    """95 %; all of 0…1 where nothing was tried."""

    @property
    def value(self) -> float | None:
        return self.errors / self.trials if self.trials else None

    @property
    def words(self) -> str:
        """The rate with its N and people; never alone."""
        if not self.trials:
            return "not measured (N = 0)"
        of = f"{self.errors:,} of {self.trials:,}, {self.people:,} people"
        if self.errors == 0:
            return f"< {percent(min(1.0, 3 / self.trials))} (3/N; {of})"
        low, high = self.interval
        return f"{percent(self.errors / self.trials)} [{percent(low)}, {percent(high)}] ({of})"


def percent(share: float) -> str:
    """Two significant digits and never a false zero."""
    if share == 0:
        return "0 %"
    digits = max(0, 1 - math.floor(math.log10(abs(share) * 100)))
    return f"{100 * share:.{digits}f} %"


def pairs_needed(false_match_rate: float) -> int:
    """Impostor pairs below which a set says nothing about a rate."""
    return math.ceil(3 / false_match_rate - 1e-6)


def wilson(errors: int, trials: int) -> Interval:
    """Wilson's 95 % interval of a share, all trials taken as independent."""
    if trials == 0:
        return (0.0, 1.0)
    share, z2 = errors / trials, _NORMAL_95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _NORMAL_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return (max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def rate_of_people(errors_and_trials: Sequence[tuple[int, int]]) -> Rate:
    """The rate over people, given each person's errors and trials."""
    counts = np.array([pair for pair in errors_and_trials if pair[1] > 0], dtype=np.float64).reshape(-1, 2)
    errors, trials = int(counts[:, 0].sum()), int(counts[:, 1].sum())
    drawn = _weights(len(counts)) @ counts if len(counts) > 1 else counts[:0]
    return Rate(errors, trials, len(counts), _interval(errors, trials, drawn[:, 0], drawn[:, 1]))


def rate_of_person(person: Indices, wrong: Hits) -> Rate:
    """The rate over trials that belong to one person each (genuine comparisons)."""
    size = int(person.max()) + 1 if len(person) else 0
    trials = np.bincount(person, minlength=size)
    errors = np.bincount(person[wrong], minlength=size)
    return rate_of_people([(int(e), int(n)) for e, n in zip(errors, trials, strict=True)])


def rate_of_two_people(one: Indices, other: Indices, wrong: Hits) -> Rate:
    """The rate over trials that belong to two people each (impostor comparisons); both are drawn anew."""
    errors, trials = int(wrong.sum()), len(wrong)
    names, places = np.unique(np.concatenate([one, other]), return_inverse=True)
    size = len(names)
    first, second = places[:trials].astype(np.int64), places[trials:].astype(np.int64)
    if size < 2 or errors in (0, trials):
        return Rate(errors, trials, size, _interval(errors, trials))
    weights = _weights(size)
    cells = first * size + second

    def drawn(of: Indices) -> NDArray[np.float32]:
        """Trials in each replicate; a person drawn twice is not compared with themselves."""
        matrix = np.bincount(of, minlength=size * size).reshape(size, size).astype(np.float32)
        return np.asarray(np.einsum("rp,rp->r", weights @ matrix, weights), dtype=np.float32)

    drawn_errors, drawn_trials = drawn(cells[wrong]), drawn(cells)
    return Rate(errors, trials, size, _interval(errors, trials, drawn_errors, drawn_trials))


def _weights(people: int) -> NDArray[np.float32]:
    """How often each person is drawn, (replicates, people); the same at every run."""
    source = np.random.default_rng(_SEED)
    return source.multinomial(people, np.full(people, 1 / people), size=_REPLICATES).astype(np.float32)


def _interval(
    errors: int,
    trials: int,
    drawn_errors: NDArray[np.float32] | NDArray[np.float64] | None = None,
    drawn_trials: NDArray[np.float32] | NDArray[np.float64] | None = None,
) -> Interval:
    """The wider of the people's bootstrap and Wilson's; the rule of three where there was no error, or nothing else."""
    if trials == 0:
        return (0.0, 1.0)
    if errors == 0:
        return (0.0, min(1.0, 3 / trials))
    if errors == trials:
        return (max(0.0, 1 - 3 / trials), 1.0)
    low, high = wilson(errors, trials)
    if drawn_errors is not None and drawn_trials is not None and (some := drawn_trials > 0).any():
        rates = drawn_errors[some] / drawn_trials[some]
        drawn_low, drawn_high = np.percentile(rates, [_TAIL_PERCENT, 100 - _TAIL_PERCENT])
        low, high = min(low, float(drawn_low)), max(high, float(drawn_high))
    return (max(0.0, low), min(1.0, high))


@dataclass(frozen=True, slots=True)
class GenuineScores:
    """Comparisons of one person with themselves."""

    person: Indices
    score: Scores

    def fnmr(self, threshold: float) -> Rate:
        return rate_of_person(self.person, ~(self.score >= threshold))


@dataclass(frozen=True, slots=True)
class ImpostorScores:
    """Comparisons of two people."""

    probe_person: Indices
    reference_person: Indices
    score: Scores

    def fmr(self, threshold: float) -> Rate:
        return rate_of_two_people(self.probe_person, self.reference_person, self.score >= threshold)

    def threshold_at(self, false_match_rate: float) -> float | None:
        """The lowest threshold, to four places, at which no larger share of these matches; None without any."""
        if not len(self.score):
            return None
        allowed = math.floor(false_match_rate * len(self.score) + 1e-9)
        if allowed >= len(self.score):
            return -1.0
        first_to_refuse = float(np.partition(self.score, -1 - allowed)[-1 - allowed])
        threshold = math.ceil(first_to_refuse * 1e4) / 1e4
        return threshold if threshold > first_to_refuse else threshold + 1e-4


def det_points(genuine: Scores, impostor: Scores, most: int = 600) -> tuple[Scores, Scores, Scores]:
    """Thresholds, FMR and FNMR along them; thresholds rise, so FMR falls and FNMR rises."""
    ordered_genuine, ordered_impostor = np.sort(genuine), np.sort(impostor)
    tail = ordered_impostor[-most:]
    shares = np.linspace(0, 1, most)
    thresholds = np.unique(
        np.concatenate([np.quantile(ordered_genuine, shares), np.quantile(ordered_impostor, shares), tail])
    )
    fmr = 1 - np.searchsorted(ordered_impostor, thresholds, side="left") / len(ordered_impostor)
    fnmr = np.searchsorted(ordered_genuine, thresholds, side="left") / len(ordered_genuine)
    return thresholds, fmr, fnmr


def best_of_attempts(runs: Indices, score: Scores, attempts: int = 3) -> tuple[Indices, Scores]:
    """Cut each run of comparisons into transactions of so many attempts; a rest that is shorter is left out.

    Returns the index of each transaction's first comparison and its best score: one attempt that matches is enough.
    """
    order = np.argsort(runs, kind="stable")
    ordered = runs[order]
    _, starts, lengths = np.unique(ordered, return_index=True, return_counts=True)
    place = np.arange(len(ordered)) - np.repeat(starts, lengths)
    whole = place < np.repeat(lengths // attempts * attempts, lengths)
    chosen = order[whole].reshape(-1, attempts)
    return chosen[:, 0].astype(np.int64), score[chosen].max(axis=1, initial=-1.0)


def subjects_by_name(names: Sequence[str]) -> Mapping[str, str] | None:
    """Whose recording each is, from what stands before the first `_`; None where a name does not say so."""
    subjects = {name: name.partition("_")[0] for name in names}
    told = all("_" in name and subject for name, subject in subjects.items())
    return subjects if names and told else None
