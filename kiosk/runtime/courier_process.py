"""The courier: carries finished, signed messages to the bank and brings receipts back.

It keeps nothing, verifies nothing and decides nothing: desk signs, checks the bank's receipts and says when to try
again. So it holds no key but the one of its TLS connection, and no descriptor but its pipe; it loads no camera,
model, screen or store.
"""

import os
import queue
import socket
import threading
from collections.abc import Callable

from kiosk.errors import UpstreamError
from kiosk.runtime.child_entry import child_arguments, serve
from kiosk.runtime.confinement import confine_courier, readable_by_itself
from kiosk.runtime.messages import (
    Channel,
    ChannelClosedError,
    CourierFailed,
    CourierReady,
    Deliver,
    Delivered,
    MessageError,
    NotDelivered,
    Quit,
    SetUpCourier,
    ToCourier,
)
from kiosk.upstream.delivery import DeliveryError, MessageRefusedError, Upstream
from kiosk.upstream.https_upstream import HttpsUpstream

Inbox = queue.SimpleQueue["SetUpCourier | Deliver | Quit | MessageError"]


def main() -> None:
    """Run until the pipe closes."""
    arguments = child_arguments("courier", ("pipe",))
    channel = Channel[ToCourier](socket.socket(fileno=arguments.pipe_fd), ToCourier)

    def run_confined() -> None:
        confine_courier(arguments.launcher_pid)  # before a word is read; that it could not be is told to desk
        run(channel, open_upstream)

    serve(channel, run_confined)


def open_upstream(setup: SetUpCourier) -> Upstream:
    """Build the connection that the settings ask for; sends nothing."""
    with readable_by_itself():
        return HttpsUpstream(
            setup.url, setup.ca_pem, setup.client_certificate_pem, setup.client_key_pem, setup.timeout_s
        )


def run(channel: Channel[ToCourier], open_with: Callable[[SetUpCourier], Upstream]) -> None:
    """Answer every message in turn; a new set-up replaces the present one."""
    inbox: Inbox = queue.SimpleQueue()
    threading.Thread(target=_read_pipe, args=(channel, inbox), name="pipe", daemon=True).start()
    upstream: Upstream | None = None
    while True:
        match inbox.get():
            case SetUpCourier() as setup:
                upstream = _set_up(channel, setup, open_with)
            case Deliver() as order:
                channel.send(deliver(upstream, order))
            case Quit():
                if upstream is not None:
                    upstream.close()
                return
            case MessageError() as error:
                raise error


def _read_pipe(channel: Channel[ToCourier], inbox: Inbox) -> None:
    """Pass messages on. When desk has gone, end at once, a delivery under way included: desk will send it again."""
    while True:
        try:
            inbox.put(channel.receive())
        except ChannelClosedError:
            os._exit(0)
        except MessageError as error:
            inbox.put(error)
            return


def _set_up(
    channel: Channel[ToCourier], setup: SetUpCourier, open_with: Callable[[SetUpCourier], Upstream]
) -> Upstream | None:
    """Answer `CourierReady`, or `CourierFailed` and wait for better settings."""
    try:
        upstream = open_with(setup)
    except UpstreamError as error:
        channel.send(CourierFailed(str(error)))
        return None
    channel.send(CourierReady())
    return upstream


def deliver(upstream: Upstream | None, order: Deliver) -> Delivered | NotDelivered:
    """Carry one message; whatever comes of it is an answer to desk."""
    if upstream is None:
        return NotDelivered(order.sequence, "The courier has no working settings, so nothing was sent.")
    try:
        receipt = upstream.deliver(order.sequence, order.jws)
        return Delivered(order.sequence, receipt, upstream.server_ends_at_s)
    except MessageRefusedError as error:
        return NotDelivered(order.sequence, str(error), permanent=True)
    except DeliveryError as error:
        return NotDelivered(order.sequence, str(error), retry_after_s=error.retry_after_s)


if __name__ == "__main__":
    main()
