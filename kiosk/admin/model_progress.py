"""Shows on standard error how far the making of a model is."""

import sys
from collections.abc import Callable


class ShownProgress:
    """Progress bars on standard error; plain lines where that is no terminal."""

    def __enter__(self) -> "ShownProgress":
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._plain = not console.is_terminal
        self._bars = Progress(*columns, console=console, disable=self._plain)
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def stage(self, words: str, total: int | None = None) -> Callable[[int], None]:
        """Begin a stage; return what to call with how much of `total` is done."""
        if self._plain:
            return _PlainStage(words, total or 0).show
        task = self._bars.add_task(words, total=total)
        return lambda done: self._bars.update(task, completed=done)


class _PlainStage:
    """One line at the beginning and one for each quarter, for logs."""

    def __init__(self, words: str, total: int) -> None:
        self._words = words
        self._total = total
        self._quarters = 0
        size = f" ({total / 1e6:.0f} MB)" if total > 1e6 else ""
        print(f"{words}{size}", file=sys.stderr, flush=True)

    def show(self, done: int) -> None:
        quarters = 4 * done // max(self._total, 1)
        if quarters > self._quarters and self._total > 1e6:
            print(f"{self._words}: {25 * quarters} %", file=sys.stderr, flush=True)
        self._quarters = max(quarters, self._quarters)
