"""Entry of the reader process: confined before any vision library is imported."""

from kiosk.runtime.child_entry import child_arguments, serve
from kiosk.runtime.confinement import confine_vision


def main() -> None:
    """Confine first; only then load what works on pixels."""
    arguments = child_arguments("reader", ("pipe", "document", "portrait"), ())
    confine_vision(arguments.launcher_pid)
    from kiosk.runtime.messages import ToReader, open_channel
    from kiosk.runtime.reader import Reader

    channel = open_channel(arguments.pipe_fd, ToReader)
    serve(channel, Reader(channel, arguments.document_fd, arguments.portrait_fd).run)


if __name__ == "__main__":
    main()
