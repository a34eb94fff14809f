"""What every child's entry does first: read its descriptors, and have one way to end with a named fault."""

import argparse
import contextlib
import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # at run time nothing but the standard library is loaded before the process is confined
    from kiosk.runtime.messages import Channel

_log = logging.getLogger(__name__)


def child_arguments(role: str, descriptors: tuple[str, ...], optional: tuple[str, ...] = ()) -> argparse.Namespace:
    """Parse what the launcher passes: its own process id and inherited descriptors."""
    parser = argparse.ArgumentParser(prog=f"kiosk-{role}")
    parser.add_argument("--launcher-pid", type=int, required=True)
    for name in descriptors:
        parser.add_argument(f"--{name}-fd", type=int, required=True)
    for name in optional:
        parser.add_argument(f"--{name}-fd", type=int, default=None)
    return parser.parse_args()


def serve(channel: "Channel[Any]", run: Callable[[], None]) -> None:
    """Run until the pipe closes; anything unforeseen is told to desk in one sentence and ends the process."""
    from kiosk.errors import KioskError
    from kiosk.runtime.messages import ChannelClosedError, Fault

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")

    def end_with(error: BaseException | None) -> None:
        if isinstance(error, ChannelClosedError):
            _log.warning("Desk has closed the pipe; ending.")
        elif isinstance(error, KioskError):
            _log.error("Ending: %s", error)
            with contextlib.suppress(ChannelClosedError):
                channel.send(Fault(str(error)))
        elif error is not None:
            _log.error("Ending because of an error", exc_info=error)
            with contextlib.suppress(ChannelClosedError):
                channel.send(Fault(f"{type(error).__name__}: {error}"))
        # Native threads of vision libraries may not end by themselves, and nothing is left to tidy: memory goes
        # with the process.
        os._exit(0 if error is None else 1)

    threading.excepthook = lambda failure: end_with(failure.exc_value)
    try:
        run()
    except Exception as error:
        end_with(error)
    end_with(None)
