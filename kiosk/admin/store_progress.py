"""Says on a terminal how far a long command is; nothing where nobody looks."""

import sys
import time

_SAY_EVERY_S = 0.2


class StoreProgress:
    """Called with the share that is done, 0 to 1."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said_at = 0.0

    def __call__(self, done_share: float) -> None:
        now, first = time.monotonic(), self._said_at == 0.0
        over = done_share >= 1
        if not sys.stderr.isatty() or (over and first) or (not over and now - self._said_at < _SAY_EVERY_S):
            return
        self._said_at = now
        print(f"\r{done_share:4.0%} {self._what}", end="\n" if over else "", file=sys.stderr, flush=True)
