"""Keeps native libraries from writing into what a command says to people."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silent_libraries() -> Iterator[None]:
    """MediaPipe's native code greets on standard error at every start; what goes wrong comes as an exception."""
    if sys.stderr is None:  # started without one: nothing to silence
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
