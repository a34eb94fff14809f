"""Messages between processes: what is sent arrives, and nothing else gets through."""

import socket
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.runtime.messages import (
    MAX_MESSAGE_BYTES,
    Channel,
    ChannelClosedError,
    Compare,
    Deliver,
    FromEyes,
    Message,
    MessageError,
    Observed,
    Quit,
    ToCourier,
    ToEyes,
)
from kiosk.verification.observation import LANDMARK_BYTES, FrameObservation
from kiosk.verification.quality import CaptureGuidance
from tests.rehearsed_face import RESTING, frame


def pair(incoming):
    ours, theirs = socket.socketpair()
    return Channel(ours, FromEyes), Channel(theirs, incoming), ours


@given(
    window=st.integers(0, 2**31),
    track=st.integers(0, 2**31),
    times=st.tuples(st.floats(0, 1e9), st.floats(0, 1e9)),
)
def test_a_message_arrives_as_it_was_sent(window, track, times):
    sender, receiver, _ = pair(ToEyes)
    message = Compare(window, track, *times)
    sender.send(message)
    assert receiver.receive() == message
    sender.close()
    receiver.close()


def test_records_of_the_pure_packages_travel_unchanged():
    desk, eyes, _ = pair(ToEyes)
    message = Observed(FrameObservation(3, 1.5, 1280, 720, 0, None), CaptureGuidance.COME_INTO_VIEW, 0.0, 3)
    eyes.send(message)
    assert desk.receive() == message
    desk.close()
    eyes.close()


def test_messages_that_arrive_together_are_taken_apart():
    sender, receiver, _ = pair(ToCourier)
    for sequence in range(3):
        sender.send(Deliver(sequence, "x" * 100))
    assert [message.sequence for message in receiver.receive_available()] == [0, 1, 2]
    sender.close()
    receiver.close()


@pytest.mark.parametrize("message", [Deliver(1, "x"), Quit()])
def test_a_message_of_another_direction_is_refused(message: Message):
    sender, receiver, _ = pair(FromEyes)
    sender.send(message)
    with pytest.raises(MessageError):
        receiver.receive()
    sender.close()
    receiver.close()


@given(body=st.binary(min_size=1, max_size=200))
def test_garbage_is_an_error_of_one_sentence(body):
    _, receiver, raw = pair(ToEyes)
    raw.sendall(struct.pack("<I", len(body)) + body)
    with pytest.raises(MessageError):
        receiver.receive()
    raw.close()
    receiver.close()


@pytest.mark.parametrize("length", [0, 1, LANDMARK_BYTES - 1, LANDMARK_BYTES + 12])
def test_landmarks_cut_off_on_the_way_are_refused_with_their_message(length):
    _, receiver, raw = pair(FromEyes)
    seen = Observed(frame(1.0, RESTING), CaptureGuidance.FIT, 0.9, 0)
    words = msgspec.msgpack.decode(msgspec.msgpack.encode(seen))
    words["observation"]["face"]["landmarks_f32"] = bytes(length)
    body = msgspec.msgpack.encode(words)
    raw.sendall(struct.pack("<I", len(body)) + body)
    with pytest.raises(MessageError, match="landmarks"):
        receiver.receive()
    raw.close()
    receiver.close()


def test_an_absurd_length_is_refused_before_anything_is_allocated():
    _, receiver, raw = pair(ToEyes)
    raw.sendall(struct.pack("<I", MAX_MESSAGE_BYTES + 1))
    with pytest.raises(MessageError):
        receiver.receive()
    raw.close()
    receiver.close()


def test_the_end_of_the_other_process_is_named():
    sender, receiver, raw = pair(ToEyes)
    raw.close()
    with pytest.raises(ChannelClosedError):
        receiver.receive()
    with pytest.raises(ChannelClosedError):
        receiver.send(Quit())
    receiver.close()
    sender.close()
