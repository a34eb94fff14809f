"""Every message between processes: typed records in msgpack, framed by a length. No pickle, no surprise.

A message that does not decode to exactly one of the records its direction allows is an error; the sender is then
treated as lost.
"""

import socket
import struct
from collections.abc import Iterator
from datetime import date
from typing import Any, Generic, TypeVar

import msgspec

from kiosk.document.evidence import DocumentEvidence, DocumentRemark
from kiosk.errors import RuntimeKioskError
from kiosk.verification.observation import FrameObservation
from kiosk.verification.quality import CaptureGuidance

MAX_MESSAGE_BYTES = 1 << 20
_LENGTH = struct.Struct("<I")


MAX_SENTENCE = 300


def plain(sentence: str) -> str:
    """What another process says for people, as one line that fits a log and a screen, whoever wrote it."""
    words = " ".join("".join(c if c.isprintable() else " " for c in sentence[: 4 * MAX_SENTENCE]).split())
    return words if len(words) <= MAX_SENTENCE else words[: MAX_SENTENCE - 1] + "…"


class MessageError(RuntimeKioskError):
    """Another process sent bytes that are no message of this direction."""


class ChannelClosedError(RuntimeKioskError):
    """The process at the other end has gone."""


class Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Root of all messages."""


# --- desk to eyes ---


class CameraChoice(Message, frozen=True):
    """Which camera to open: `usb` by address, `recorded` by path, `simulated` by the subject's portrait.

    The part within left…bottom (fractions) counts, turned by so many quarter turns clockwise. A USB camera must be the
    one that vendor, product, serial and bus path name, as far as they are not empty.
    """

    kind: str
    address: str
    width: int = 1280
    height: int = 720
    frames_per_s: float = 30.0
    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0
    turns: int = 0
    vendor: str = ""
    product: str = ""
    serial: str = ""
    bus_path: str = ""
    exposure_steps: bool = True


class SetUpEyes(Message, frozen=True):
    """First message: open the camera without reading it, load the models, answer `EyesReady`."""

    camera: CameraChoice
    models_dir: str
    template_model: str = ""
    """Id of the model that compares faces; empty for the one that comes with the program."""


class StartCapture(Message, frozen=True):
    """Read frames, write the preview, send `Observed`."""


class StopCapture(Message, frozen=True):
    """The face part is over: stop reading; forget all frames and samples, the reference and the portrait."""


class BeginWindow(Message, frozen=True):
    """Forget earlier samples and witnesses; keep those of the subject's track from now on."""

    window_id: int


class SetExposure(Message, frozen=True):
    """Set the camera's exposure this far from its usual, in stops; 0 puts it back."""

    stops: float


class TakeReference(Message, frozen=True):
    """The portrait lies in the portrait memory; make the reference template of it."""


class Compare(Message, frozen=True):
    """Compare the best samples of this window and track, taken within these times, with the reference."""

    window_id: int
    track_id: int
    from_s: float
    until_s: float


class Quit(Message, frozen=True):
    """End the process in good order."""


# --- eyes to desk ---


class EyesReady(Message, frozen=True):
    """Models loaded, network proven closed, camera open."""

    model_id: str
    camera_name: str
    warm_up_s: float
    has_exposure: bool = False
    """The camera's exposure can be set."""


class CameraFailed(Message, frozen=True):
    """The camera could not be opened or was lost; one sentence for IT."""

    sentence: str


class Observed(Message, frozen=True):
    """One analysed frame: numbers, the one guidance, and a quality score 0…1."""

    observation: FrameObservation
    guidance: CaptureGuidance
    quality_score: float
    preview_sequence: int


class ReferenceTaken(Message, frozen=True):
    """A reference template exists in eyes."""

    inter_eye_px: float
    remarks: tuple[str, ...]


class ReferenceRefused(Message, frozen=True):
    """No usable face in the portrait; one sentence for the teller."""

    sentence: str


class Compared(Message, frozen=True):
    """Outcome of one comparison; the score goes no further than `verification`.

    `agreement` is the lowest cosine of any frame compared and any witness of the window, whose times these are.
    """

    window_id: int
    track_id: int
    score: float
    frame_times_s: tuple[float, ...]
    model_id: str
    agreement: float
    witness_times_s: tuple[float, ...]


class CompareFailed(Message, frozen=True):
    """No fit sample in the window, or no reference."""

    window_id: int
    sentence: str


# --- desk to reader ---


class SetUpReader(Message, frozen=True):
    """First message: open the document camera without reading it, load OCR, answer `ReaderReady`."""

    camera: CameraChoice


class ReadDocument(Message, frozen=True):
    """Read frames of the document camera until a document is read or `StopReading` comes."""

    portrait_wanted: bool
    """False where the customer has declined the face check: then the portrait is not handed on."""
    today: date
    minimum_age_years: int


class StopReading(Message, frozen=True):
    """Stop reading; forget all frames."""


# --- reader to desk ---


class ReaderReady(Message, frozen=True):
    camera_name: str
    warm_up_s: float


class DocumentSeen(Message, frozen=True):
    """A page was looked at and is not enough yet; what is missing."""

    remarks: tuple[DocumentRemark, ...]
    preview_sequence: int


class DocumentWasRead(Message, frozen=True):
    """Evidence; the portrait's pixels lie in the portrait memory if `has_portrait`."""

    evidence: DocumentEvidence
    has_portrait: bool


# --- desk to courier ---


class SetUpCourier(Message, frozen=True):
    """First message. Keys and certificates as PEM text; they never touch a disk in clear."""

    url: str
    ca_pem: str
    client_certificate_pem: str
    client_key_pem: str
    timeout_s: float = 10.0


class Deliver(Message, frozen=True):
    sequence: int
    jws: str


# --- courier to desk ---


class CourierReady(Message, frozen=True):
    """The TLS context is built; nothing has been sent yet."""


class CourierFailed(Message, frozen=True):
    """The configuration cannot work (a certificate that does not parse…); one sentence for IT."""

    sentence: str


class Delivered(Message, frozen=True):
    """The bank answered with a receipt, not yet verified: desk checks the bank's signature."""

    sequence: int
    receipt: str
    server_ends_at_s: int | None = None
    """When the certificate that the server showed ends, in seconds since 1970; a hint for IT."""


class NotDelivered(Message, frozen=True):
    """Try again later. `permanent` where the bank refuses this very message."""

    sequence: int
    sentence: str
    permanent: bool = False
    retry_after_s: float | None = None
    """The bank asked for patience; a lower bound for the next attempt."""


# --- any child to desk ---


class Fault(Message, frozen=True):
    """The child hit an error it cannot go on from; it ends after this."""

    sentence: str


ToEyes = SetUpEyes | StartCapture | StopCapture | BeginWindow | SetExposure | TakeReference | Compare | Quit
FromEyes = EyesReady | CameraFailed | Observed | ReferenceTaken | ReferenceRefused | Compared | CompareFailed | Fault
ToReader = SetUpReader | ReadDocument | StopReading | Quit
FromReader = ReaderReady | CameraFailed | DocumentSeen | DocumentWasRead | Fault
ToCourier = SetUpCourier | Deliver | Quit
FromCourier = CourierReady | CourierFailed | Delivered | NotDelivered | Fault

Incoming = TypeVar("Incoming", bound=Message)


class Channel(Generic[Incoming]):
    """One end of a pipe between two processes: sends any message, receives those of one direction."""

    def __init__(self, connection: socket.socket, incoming: Any) -> None:
        self._socket = connection
        self._decoder: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(incoming)
        self._encoder = msgspec.msgpack.Encoder()
        self._buffer = bytearray()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send one message; raise `ChannelClosedError` when the other end has gone."""
        body = self._encoder.encode(message)
        if len(body) > MAX_MESSAGE_BYTES:
            raise MessageError(f"A message of {len(body)} bytes is larger than any the kiosk sends.")
        try:
            self._socket.sendall(_LENGTH.pack(len(body)) + body)
        except OSError as error:
            raise ChannelClosedError("The process at the other end of a pipe has gone.") from error

    def receive(self) -> Incoming:
        """Block for one message; raise `ChannelClosedError` at the end, `MessageError` for anything odd."""
        while (message := self._next_buffered()) is None:
            self._fill()
        return message

    def receive_available(self) -> Iterator[Incoming]:
        """Yield what one read of the socket completes; call when the descriptor is readable."""
        self._fill()
        while (message := self._next_buffered()) is not None:
            yield message

    def close(self) -> None:
        self._socket.close()

    def _fill(self) -> None:
        try:
            chunk = self._socket.recv(1 << 18)
        except OSError as error:
            raise ChannelClosedError("The process at the other end of a pipe has gone.") from error
        if not chunk:
            raise ChannelClosedError("The process at the other end of a pipe has gone.")
        self._buffer += chunk

    def _next_buffered(self) -> Incoming | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MAX_MESSAGE_BYTES:
            raise MessageError(f"Another process announced a message of {length} bytes.")
        if len(self._buffer) < _LENGTH.size + length:
            return None
        body = bytes(self._buffer[_LENGTH.size : _LENGTH.size + length])
        del self._buffer[: _LENGTH.size + length]
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:  # a text that is no UTF-8 is a ValueError
            raise MessageError(f"Another process sent no valid message: {error}.") from error


def open_channel(descriptor: int, incoming: Any) -> Channel[Any]:
    """Adopt an inherited descriptor as this process's end of the pipe."""
    return Channel(socket.socket(fileno=descriptor), incoming)
