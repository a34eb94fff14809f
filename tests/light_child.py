"""A child without cameras, models or network: ends with its pipe, or, where told to be stubborn, not even then.

Run by the real launcher in place of eyes, reader or courier. It fills the memory it was given, as eyes would with
faces, and says so with one byte.
"""

import argparse
import contextlib
import mmap
import os
import signal
import socket
import sys

FILLED = b"\x5a" * 4096


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stubborn", action="store_true")
    parser.add_argument("--say", type=bytes.fromhex, default=b"", help="on standard output, in hexadecimal")
    parser.add_argument("--times", type=int, default=1, help="how often it is said")
    parser.add_argument("--launcher-pid", type=int, required=True)
    for name in ("pipe", "face", "portrait", "document", "cue"):
        parser.add_argument(f"--{name}-fd", type=int)
    options = parser.parse_args()
    if options.stubborn:
        from kiosk.runtime.confinement import confine_vision

        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        confine_vision(options.launcher_pid)
    for descriptor in (options.face_fd, options.portrait_fd, options.document_fd):
        if descriptor is not None:
            with mmap.mmap(descriptor, os.fstat(descriptor).st_size) as memory:
                memory[: len(FILLED)] = FILLED
    with contextlib.suppress(BrokenPipeError):  # whoever says too much is not listened to
        for _ in range(options.times):
            os.write(1, options.say)
    pipe = socket.socket(fileno=options.pipe_fd)
    pipe.sendall(b"!")
    while pipe.recv(4096) or options.stubborn:
        if options.stubborn:
            signal.pause()


if __name__ == "__main__":
    sys.exit(main())
