"""The converter of OpenVINO's networks: exact for the layers it knows, and a sentence for everything else."""

import contextlib
from dataclasses import dataclass, field

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.admin.openvino_ir import IrLayer, IrNetwork, OpenVinoError, read_openvino_ir
from kiosk.admin.openvino_onnx import openvino_to_onnx

EXPLICIT = 'auto_pad="explicit" dilations="1, 1"'


@dataclass
class Drawing:
    """Writes a network layer by layer, as the publisher's tool does."""

    layers: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    weights: bytes = b""

    def layer(self, kind: str, data: str, shape: tuple[int, ...], *sources: int) -> int:
        number = len(self.layers)
        inputs = "".join(f'<port id="{port}"><dim>1</dim></port>' for port in range(len(sources)))
        for port, source in enumerate(sources):
            self.edges.append(f'<edge from-layer="{source}" from-port="9" to-layer="{number}" to-port="{port}"/>')
        dims = "".join(f"<dim>{side}</dim>" for side in shape)
        output = f'<output><port id="9">{dims}</port></output>' if kind != "Result" else ""
        self.layers.append(
            f'<layer id="{number}" name="l{number}" type="{kind}" version="opset1"><data {data}/>'
            f"<input>{inputs}</input>{output}</layer>"
        )
        return number

    def constant(self, values: NDArray[np.float64]) -> int:
        half = values.astype("<f2").tobytes()
        shape = ", ".join(str(side) for side in values.shape)
        data = f'element_type="f16" shape="{shape}" offset="{len(self.weights)}" size="{len(half)}"'
        self.weights += half
        return self.layer("Convert", 'destination_type="f32"', values.shape, self.layer("Const", data, values.shape))

    def xml(self) -> bytes:
        body = f"<layers>{''.join(self.layers)}</layers><edges>{''.join(self.edges)}</edges>"
        return f'<?xml version="1.0"?><net name="n" version="11">{body}</net>'.encode()


RANDOM = np.random.default_rng(3)
SCALE = RANDOM.uniform(0.1, 1, (1, 3, 1, 1))
FILTERS = RANDOM.normal(0, 0.3, (8, 3, 3, 3))
BIAS = RANDOM.normal(0, 0.3, (1, 8, 1, 1))
SLOPES = RANDOM.uniform(0, 0.5, 8)
GROUPED = RANDOM.normal(0, 0.3, (8, 1, 1, 3, 3))
LAST = RANDOM.normal(0, 0.3, (16, 8, 1, 1))


def drawn() -> Drawing:
    """Every layer that the converter knows."""
    net = Drawing()
    crops = net.layer("Parameter", 'shape="1,3,8,8" element_type="f32"', (1, 3, 8, 8))
    scaled = net.layer("Multiply", 'auto_broadcast="numpy"', (1, 3, 8, 8), crops, net.constant(SCALE))
    strided = f'{EXPLICIT} strides="2, 2" pads_begin="1, 1" pads_end="1, 1"'
    value = net.layer("Convolution", strided, (1, 8, 4, 4), scaled, net.constant(FILTERS))
    value = net.layer("Add", 'auto_broadcast="numpy"', (1, 8, 4, 4), value, net.constant(BIAS))
    value = net.layer("PReLU", "", (1, 8, 4, 4), value, net.constant(SLOPES))
    padded = f'{EXPLICIT} strides="1, 1" pads_begin="1, 1" pads_end="1, 1"'
    value = net.layer("GroupConvolution", padded, (1, 8, 4, 4), value, net.constant(GROUPED))
    gate = net.layer("Sigmoid", "", (1, 8, 4, 4), value)
    value = net.layer("Multiply", 'auto_broadcast="numpy"', (1, 8, 4, 4), value, gate)
    pool = (
        'kernel="4, 4" strides="4, 4" pads_begin="0, 0" pads_end="0, 0" exclude-pad="true" auto_pad="explicit"'
        ' rounding_type="floor"'
    )
    value = net.layer("AvgPool", pool, (1, 8, 1, 1), value)
    plain = f'{EXPLICIT} strides="1, 1" pads_begin="0, 0" pads_end="0, 0"'
    value = net.layer("Convolution", plain, (1, 16, 1, 1), value, net.constant(LAST))
    net.layer("Result", "", (), value)
    return net


def half(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.astype(np.float16).astype(np.float64)


def convolved(picture: NDArray[np.float64], filters: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
    """(channels, h, w) by (outputs, channels, 3, 3), padded by one: the plain definition."""
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,ocij->ohw", windows, filters)


def by_hand(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    value = convolved(picture * half(SCALE)[0], half(FILTERS), 2) + half(BIAS)[0]
    value = np.where(value > 0, value, half(SLOPES)[:, None, None] * value)
    grouped = half(GROUPED)[:, 0]
    value = np.concatenate([convolved(value[[c]], grouped[[c]], 1) for c in range(8)])
    value = value / (1 + np.exp(-value))
    return half(LAST)[:, :, 0, 0] @ value.mean(axis=(1, 2))


def test_the_converted_network_computes_what_its_layers_say_for_any_number_of_pictures() -> None:
    net = drawn()
    session = onnxruntime.InferenceSession(openvino_to_onnx(read_openvino_ir(net.xml(), net.weights)))
    pictures = np.random.default_rng(5).normal(0, 1, (3, 3, 8, 8))
    (given_out,) = session.run(None, {"crops": pictures.astype(np.float32)})
    np.testing.assert_allclose(given_out, [by_hand(picture) for picture in pictures], atol=1e-5)


def test_the_same_files_give_the_same_bytes() -> None:
    net = drawn()
    assert openvino_to_onnx(read_openvino_ir(net.xml(), net.weights)) == openvino_to_onnx(
        read_openvino_ir(net.xml(), net.weights)
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'<?xml version="1.0"?>', b'<!DOCTYPE net [<!ENTITY a "b">]>', "document type"),
        (b'version="11"', b'version="7"', "version 10 or 11"),
        (b'type="Sigmoid"', b'type="Loop"', "'Loop'"),
        (b'type="Sigmoid"', b'type=""', "does not know"),
        (b'rounding_type="floor"', b'rounding_type="ceil"', "rounding_type"),
        (b'exclude-pad="true"', b'exclude-pad="true" more="1"', "unknown form"),
        (b'pads_begin="1, 1"', b'pads_begin="1, 1, 1"', "no pair"),
        (b'strides="2, 2"', b'strides="9999999999999, 2"', "whole numbers"),
        (b'strides="2, 2"', b'strides="1, 1"', "shape that it says|fit together"),
        (b'shape="8, 3, 3, 3"', b'shape="8, 3, 3, 4"', "its shape does not have"),
        (b'element_type="f16"', b'element_type="i64"', "neither f16 nor f32"),
        (b'offset="6"', b'offset="999999"', "cut short"),
        (b'<layer id="1"', b'<layer id="0"', "number 0|circle|connected"),
        (b'to-port="1"', b'to-port="0"', "two values"),
        (b"<layers>", b"<layers/><other>", "damaged|0 layers"),
        (b"</net>", b"", "damaged or cut short"),
        (b"</net>", b"\xff</net>", "damaged"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_sentence(old: bytes, new: bytes, said: str) -> None:
    net = drawn()
    assert old in net.xml()
    with pytest.raises(OpenVinoError, match=rf"cannot be converted: .*({said}).*;.*\.$"):
        openvino_to_onnx(read_openvino_ir(net.xml().replace(old, new, 1), net.weights))


def test_a_layer_that_takes_a_result_as_its_input_is_refused() -> None:
    picture = IrLayer(0, "Parameter", {"element_type": "f32", "shape": "1,3,8,8"}, (), (1, 3, 8, 8), None)
    result = IrLayer(1, "Result", {}, (0,), (), None)
    behind = IrLayer(2, "Sigmoid", {}, (1,), (1, 3, 8, 8), None)
    with pytest.raises(OpenVinoError):
        openvino_to_onnx(IrNetwork((picture, result, behind)))
    pooled = IrLayer(0, "Parameter", {"element_type": "f32", "shape": "1,3,1,1"}, (), (1, 3, 1, 1), None)
    with pytest.raises(OpenVinoError, match="gives nothing that another could take"):
        openvino_to_onnx(IrNetwork((pooled, result, behind)))


def test_layers_that_go_round_in_a_circle_are_refused() -> None:
    net = drawn()
    text = net.xml().decode()
    circle = text.replace('<edge from-layer="0" ', '<edge from-layer="16" ', 1)
    with pytest.raises(OpenVinoError, match="circle"):
        read_openvino_ir(circle.encode(), net.weights)


@given(st.integers(0, 10_000))
def test_weights_that_are_cut_short_are_refused(length: int) -> None:
    net = drawn()
    with pytest.raises(OpenVinoError, match="cut short"):
        read_openvino_ir(net.xml(), net.weights[: length % len(net.weights)])


@given(st.integers(0, 100_000), st.binary(min_size=1, max_size=4))
def test_damaged_files_end_in_a_sentence_or_in_a_network_never_in_a_crash(place: int, noise: bytes) -> None:
    net = drawn()
    xml = net.xml()
    place %= len(xml)
    damaged = xml[:place] + noise + xml[place + len(noise) :]
    with contextlib.suppress(OpenVinoError):
        assert openvino_to_onnx(read_openvino_ir(damaged, net.weights))


def test_numbers_that_are_none_are_refused() -> None:
    net = drawn()
    with pytest.raises(OpenVinoError, match="no number"):
        read_openvino_ir(net.xml(), np.full(len(net.weights) // 2, np.nan, "<f2").tobytes())
