"""A desk that is nothing but its line to the launcher: lends that line to the test and waits to be ended.

Run by the real launcher in place of `kiosk.app`. On the control socket it says who it is, with its own end of the
launcher's socket, and ends with the exit code that the test sends.
"""

import argparse
import os
import signal
import socket

from kiosk.runtime.confinement import confine_desk


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("--launcher-pid", "--launcher-fd", "--control-fd"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--stubborn", action="store_true")
    options = parser.parse_args()
    if options.stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    confine_desk(options.launcher_pid)
    control = socket.socket(fileno=options.control_fd)
    socket.send_fds(control, [f"{os.getpid()}".encode()], [options.launcher_fd])
    return int(control.recv(16) or b"0")


if __name__ == "__main__":
    raise SystemExit(main())
