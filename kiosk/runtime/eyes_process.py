"""Entry of the eyes process: confined before any vision library is imported."""

from kiosk.runtime.child_entry import child_arguments, serve
from kiosk.runtime.confinement import confine_vision


def main() -> None:
    """Confine first; only then load what works on pixels."""
    arguments = child_arguments("eyes", ("pipe", "face", "portrait"), ("cue",))
    confine_vision(arguments.launcher_pid)
    from kiosk.runtime.eyes import Eyes
    from kiosk.runtime.messages import ToEyes, open_channel

    channel = open_channel(arguments.pipe_fd, ToEyes)
    serve(channel, Eyes(channel, arguments.face_fd, arguments.portrait_fd, arguments.cue_fd).run)


if __name__ == "__main__":
    main()
