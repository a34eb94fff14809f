"""The numbers of dlib's file are read as they stand; anything else is refused by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.admin.dlib_weights import WeightsFormatError, read_dlib_integer, read_dlib_weights
from kiosk.admin.face_template_network import face_template_network
from tests.dlib_files import SHAPES, dlib_file, dlib_integer


@given(st.integers(-(2**63), 2**63))
def test_integers_are_read_as_dlib_writes_them(value: int) -> None:
    written = dlib_integer(value)
    assert read_dlib_integer(b"xx" + written + b"yy", 2) == (value, 2 + len(written))


@pytest.mark.parametrize("data", [b"", b"\x02\x01", b"\x00\x01", b"\x0f" + bytes(15), b"\x41\x01"])
def test_what_is_no_integer_is_refused(data: bytes) -> None:
    with pytest.raises(WeightsFormatError):
        read_dlib_integer(data, 0)


def test_all_layers_are_found_in_order() -> None:
    weights = read_dlib_weights(dlib_file())
    assert [layer.gamma.size for layer in weights.convolutions] == [outputs for outputs, _, _ in SHAPES]
    assert weights.projection.shape == (256, 128)


def test_the_same_weights_give_the_same_bytes_and_others_other_bytes() -> None:
    once, again = (face_template_network(read_dlib_weights(dlib_file(seed=3))) for _ in range(2))
    assert once == again
    assert face_template_network(read_dlib_weights(dlib_file(seed=4))) != once


def test_the_written_network_computes_what_the_layers_say() -> None:
    """Against the layers written out in numpy, on random weights."""
    import onnxruntime

    weights = read_dlib_weights(dlib_file())
    crop = np.random.default_rng(5).integers(0, 256, (1, 150, 150, 3), dtype=np.uint8)
    session = onnxruntime.InferenceSession(face_template_network(weights), providers=["CPUExecutionProvider"])
    (features,) = session.run(None, {"crops": crop})
    np.testing.assert_allclose(features[0], network_by_hand(weights, crop[0]), rtol=1e-3, atol=1e-4)


def network_by_hand(weights, crop):  # type: ignore[no-untyped-def]
    layers = iter(zip(weights.convolutions, SHAPES, strict=True))

    def convolve(x, stride):  # type: ignore[no-untyped-def]
        layer, (outputs, inputs, kernel) = next(layers)
        filters = layer.parameters[:-outputs].reshape(outputs, inputs * kernel * kernel)
        edge = kernel // 2 if stride == 1 else 0
        x = np.pad(x, ((0, 0), (edge, edge), (edge, edge)))
        windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
        rows, columns = windows.shape[1:3]
        flat = windows.transpose(0, 3, 4, 1, 2).reshape(inputs * kernel * kernel, rows * columns)
        y = filters @ flat + layer.parameters[-outputs:, None]
        y = y * layer.gamma[:, None] + layer.beta[:, None]
        return y.reshape(outputs, rows, columns)

    def pool(x, size, reduce):  # type: ignore[no-untyped-def]
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))[:, ::2, ::2]
        return reduce(windows, axis=(3, 4))

    def grown(x, shape):  # type: ignore[no-untyped-def]
        return np.pad(x, [(0, wanted - had) for wanted, had in zip(shape, x.shape, strict=True)])

    mean = np.array((122.782, 117.001, 104.298)).reshape(3, 1, 1)
    x = (crop.transpose(2, 0, 1) - mean) / 256
    x = pool(np.maximum(convolve(x, 2), 0), 3, np.max)
    for down, blocks in ((False, 3), (True, 3), (True, 2), (True, 2), (True, 0)):
        for number in range(blocks + down):
            first = down and number == 0
            inner = np.maximum(convolve(x, 2 if first else 1), 0)
            inner = convolve(inner, 1)
            aside = pool(x, 2, np.mean) if first else x
            shape = np.maximum(inner.shape, aside.shape)
            x = np.maximum(grown(inner, shape) + grown(aside, shape), 0)
    return x.mean(axis=(1, 2)) @ weights.projection


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"not weights at all",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"\x04fc_2", b"\x04fc_3"),
        lambda data: data.replace(b"\x05con_4\x01\x02", b"\x05con_4\x01\x03", 1),
        lambda data: data.replace(b"\x04fc_2\x01\x80", b"\x04fc_2\x01\x40"),
        lambda data: data[:-200],
    ],
)
def test_a_damaged_file_is_refused_by_name(damage) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(WeightsFormatError, match="not dlib's face template network"):
        read_dlib_weights(damage(dlib_file()))


def test_a_file_with_too_few_layers_is_refused() -> None:
    with pytest.raises(WeightsFormatError, match="28 convolutions"):
        read_dlib_weights(dlib_file(convolutions=28))
