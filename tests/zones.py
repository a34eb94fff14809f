"""A machine set to another time zone, for as long as a test needs it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def machine_in_zone(zone: str) -> Iterator[None]:
    """`zone` as POSIX writes it, "CST-8" for China: known everywhere, with or without names of zones."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
