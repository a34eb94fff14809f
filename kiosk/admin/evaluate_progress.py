"""Shows how far an evaluation is, and spreads its work over processes. Keeps nothing."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from kiosk.errors import VisionError

Work = TypeVar("Work")
Result = TypeVar("Result")

_MOST_JOBS = 16


class EvaluationStoppedError(VisionError):
    """A process that evaluates ended by itself."""

    def __init__(self) -> None:
        super().__init__(
            "A process that was evaluating has ended by itself, perhaps for lack of memory; run it again with --jobs 1."
        )


def cores() -> int:
    """How many processes may work at once on this machine."""
    return max(1, min(_MOST_JOBS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))


def in_processes(
    act: Callable[[Work], Result],
    works: Sequence[Work],
    jobs: int,
    prepare: Callable[..., None],
    prepare_with: tuple[Any, ...] = (),
) -> Iterator[Result]:
    """Yield the results in order; with one job all happens here. Raises `EvaluationStoppedError`."""
    if not works:
        return
    if jobs == 1:
        prepare(*prepare_with)
        yield from map(act, works)
        return
    spawned = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(min(jobs, len(works)), spawned, _begin, (prepare, prepare_with))
    try:
        with _nobody_is_interrupted():
            results = executor.map(act, works)  # the processes begin here
        yield from results
    except BrokenProcessPool:
        raise EvaluationStoppedError from None
    finally:
        with _nobody_is_interrupted():  # a second Ctrl-C in the midst of it would leave processes that wait for ever
            executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _nobody_is_interrupted() -> Iterator[None]:
    """Neither this process nor, from its first moment on, what is started here heeds a Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(prepare: Callable[..., None], prepare_with: tuple[Any, ...]) -> None:
    """One thread for each process: there are as many processes as cores. The parent alone heeds Ctrl-C."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # native libraries greet there; what goes wrong comes as an exception
    cv2.setNumThreads(1)
    prepare(*prepare_with)


@contextmanager
def shown_progress(words: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error, plain lines where that is no terminal; call what is yielded once for each piece."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _PlainLines(words, total).advance
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(words, total=total)
        yield lambda: bars.advance(task)


def counted(results: Iterable[Result], advance: Callable[[], None]) -> Iterator[Result]:
    """Pass results on, and say so of each."""
    for result in results:
        advance()
        yield result


class _PlainLines:
    """One line at the beginning and one for each quarter, for logs."""

    def __init__(self, words: str, total: int) -> None:
        self._words, self._total, self._done = words, total, 0
        print(f"{words}: {total}", file=sys.stderr, flush=True)

    def advance(self) -> None:
        self._done += 1
        if self._total >= 8 and 4 * self._done // self._total > 4 * (self._done - 1) // self._total:
            print(f"{self._words}: {self._done} of {self._total}", file=sys.stderr, flush=True)
