"""Writes dlib's face template network as an ONNX file, the same bytes every time.

The affine layer after each convolution is multiplied into it, and the subtraction of the mean colour is part of the
network, so that a crop goes in as it is: uint8 RGB. Decides nothing about where weights come from or files go.
"""

from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from kiosk.admin.dlib_weights import OUTPUTS, Convolution, DlibWeights, WeightsFormatError

CROP_PX = 150
INPUT_NAME = "crops"
OUTPUT_NAME = "features"

# Fixed, so that the bytes depend on the weights alone.
_IR_VERSION = 8
_OPSET = 17
_PRODUCER = "branch-kiosk"
_PRODUCER_VERSION = "1"

_MEAN_RGB = (122.782, 117.001, 104.298)
_STAGES = ((32, 3, False), (64, 3, True), (128, 2, True), (256, 2, True), (256, 0, True))
"""Channels, plain blocks, and whether a down block comes first."""


def face_template_network(weights: DlibWeights) -> bytes:
    """Return the ONNX file: `crops` (n, 150, 150, 3) uint8 RGB in, `features` (n, 128) float32 out, not normalised."""
    writer = _NetworkWriter(list(weights.convolutions))
    value = writer.colours_centred(INPUT_NAME)
    value = writer.convolution(value, inputs=3, outputs=32, kernel=7, stride=2)
    value = writer.add("Relu", [value])
    value = writer.add("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2])
    inputs, side = 32, ((CROP_PX - 7) // 2 + 1 - 3) // 2 + 1
    for channels, plain_blocks, starts_down in _STAGES:
        if starts_down:
            value, side = writer.down_block(value, inputs, channels, side)
        for _ in range(plain_blocks):
            value = writer.block(value, channels)
        inputs = channels
    value = writer.add("GlobalAveragePool", [value])
    value = writer.add("Flatten", [value], axis=1)
    writer.add("MatMul", [value, writer.constant("projection", weights.projection)], result=OUTPUT_NAME)
    return writer.finish()


@dataclass
class _NetworkWriter:
    """Collects nodes and constants; takes convolutions from the front of `remaining`."""

    remaining: list[Convolution]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def colours_centred(self, value: str) -> str:
        mean = self.constant("mean_rgb", np.array(_MEAN_RGB, dtype=np.float32).reshape(1, 3, 1, 1))
        scale = self.constant("scale", np.array(1 / 256, dtype=np.float32))
        value = self.add("Cast", [value], to=TensorProto.FLOAT)
        value = self.add("Transpose", [value], perm=[0, 3, 1, 2])
        return self.add("Mul", [self.add("Sub", [value, mean]), scale])

    def block(self, value: str, channels: int) -> str:
        inner = self.convolution(value, channels, channels, kernel=3, stride=1)
        inner = self.convolution(self.add("Relu", [inner]), channels, channels, kernel=3, stride=1)
        return self.add("Relu", [self.add("Add", [inner, value])])

    def down_block(self, value: str, inputs: int, channels: int, side: int) -> tuple[str, int]:
        """Halve the picture; pad the smaller of the two summands with zeros on the right, below and in channels."""
        inner = self.convolution(value, inputs, channels, kernel=3, stride=2)
        inner = self.convolution(self.add("Relu", [inner]), channels, channels, kernel=3, stride=1)
        pooled = self.add("AveragePool", [value], kernel_shape=[2, 2], strides=[2, 2])
        inner_side, pooled_side = (side - 3) // 2 + 1, (side - 2) // 2 + 1
        larger = max(inner_side, pooled_side)
        inner = self._padded(inner, 0, larger - inner_side)
        pooled = self._padded(pooled, channels - inputs, larger - pooled_side)
        return self.add("Relu", [self.add("Add", [inner, pooled])]), larger

    def convolution(self, value: str, inputs: int, outputs: int, kernel: int, stride: int) -> str:
        if not self.remaining:
            raise WeightsFormatError("it holds too few convolutions")
        filters, bias = _folded(self.remaining.pop(0), (outputs, inputs, kernel, kernel))
        name = f"convolution_{len(self.constants) // 2:02d}"
        padding = kernel // 2 if stride == 1 else 0
        return self.add(
            "Conv",
            [value, self.constant(f"{name}_filters", filters), self.constant(f"{name}_bias", bias)],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[padding] * 4,
        )

    def constant(self, name: str, values: NDArray[np.float32]) -> str:
        data = np.ascontiguousarray(values, dtype="<f4").tobytes()
        self.constants.append(helper.make_tensor(name, TensorProto.FLOAT, values.shape, data, raw=True))
        return name

    def add(self, operation: str, inputs: list[str], result: str | None = None, **attributes: object) -> str:
        output = result or f"value_{len(self.nodes):03d}"
        self.nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        return output

    def finish(self) -> bytes:
        if self.remaining:
            raise WeightsFormatError("it holds too many convolutions")
        crops = helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, ["n", CROP_PX, CROP_PX, 3])
        features = helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["n", OUTPUTS])
        graph = helper.make_graph(self.nodes, "face_template", [crops], [features], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR_VERSION
        model.producer_name, model.producer_version = _PRODUCER, _PRODUCER_VERSION
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _padded(self, value: str, channels: int, pixels: int) -> str:
        if channels == 0 and pixels == 0:
            return value
        name = f"pads_{len(self.nodes):03d}"
        amounts = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], dtype="<i8")
        self.constants.append(helper.make_tensor(name, TensorProto.INT64, amounts.shape, amounts.tobytes(), raw=True))
        return self.add("Pad", [value, name], mode="constant")


def _folded(convolution: Convolution, shape: tuple[int, int, int, int]) -> tuple[NDArray[np.float32], ...]:
    """Return filters and bias with the affine layer multiplied in."""
    outputs, count = shape[0], int(np.prod(shape))
    if convolution.parameters.size != count + outputs or convolution.gamma.size != outputs:
        raise WeightsFormatError(
            f"a convolution has {convolution.parameters.size} numbers instead of {count + outputs}"
        )
    filters = convolution.parameters[:count].reshape(shape)
    bias = convolution.parameters[count:]
    gamma = convolution.gamma.reshape(-1, 1, 1, 1)
    return filters * gamma, bias * convolution.gamma + convolution.beta
