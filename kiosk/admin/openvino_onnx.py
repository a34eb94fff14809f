"""Writes a network read from OpenVINO's files as an ONNX file, the same bytes every time.

Knows the few layers that face networks are made of, and refuses every other. Weights become single precision, which is
what the original runtime computes in; any number of pictures may go in at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from kiosk.admin.openvino_ir import IrLayer, IrNetwork, OpenVinoError, whole_numbers

INPUT_NAME = "crops"
OUTPUT_NAME = "features"

# Fixed, so that the bytes depend on the files alone.
_IR_VERSION = 8
_OPSET = 17
_PRODUCER = "branch-kiosk"
_PRODUCER_VERSION = "1"


def openvino_to_onnx(network: IrNetwork) -> bytes:
    """Return the ONNX file: `crops` (n, channels, height, width) float32 in, `features` (n, m) float32 out."""
    writer = _Writer()
    for layer in network.layers:
        convert = _CONVERSIONS.get(layer.kind)
        if convert is None:
            raise OpenVinoError(f"layer {layer.id} is a {layer.kind[:40]!r}, which the converter does not know")
        convert(writer, layer)
    return writer.finish()


@dataclass
class _Writer:
    """Collects nodes and constants; `names` says where each layer's value is found."""

    names: dict[int, str] = field(default_factory=dict)
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    constants: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    used: dict[str, onnx.TensorProto] = field(default_factory=dict)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    crops: tuple[int, ...] = ()
    features: int = 0

    def parameter(self, layer: IrLayer) -> None:
        self.expect(layer, inputs=0, element_type="f32", shape=None)
        if self.crops or len(layer.output_shape) != 4 or layer.output_shape[0] != 1:
            raise OpenVinoError("its input is not one picture")
        self.crops = layer.output_shape
        self.place(layer, INPUT_NAME)

    def constant(self, layer: IrLayer) -> None:
        assert layer.values is not None
        self.constants[layer.id] = layer.values

    def widened(self, layer: IrLayer) -> None:
        """Constants were widened when they were read."""
        self.expect(layer, inputs=1, destination_type="f32")
        self.constants[layer.id] = self.values(layer, 0)

    def pointwise(self, layer: IrLayer) -> None:
        self.expect(layer, inputs=2, auto_broadcast="numpy")
        for source in layer.inputs:
            constant = self.constants.get(source)
            if constant is not None and constant.ndim == 4 and constant.shape[0] != 1:
                raise OpenVinoError(f"layer {layer.id} treats each picture differently")
        self.add(layer, {"Add": "Add", "Multiply": "Mul"}[layer.kind], [self.input(layer, 0), self.input(layer, 1)])

    def sigmoid(self, layer: IrLayer) -> None:
        self.expect(layer, inputs=1)
        self.add(layer, "Sigmoid", [self.input(layer, 0)])

    def prelu(self, layer: IrLayer) -> None:
        self.expect(layer, inputs=2)
        slopes = self.values(layer, 1)
        if slopes.ndim != 1:
            raise OpenVinoError(f"layer {layer.id} has slopes that are no list")
        self.add(layer, "PRelu", [self.input(layer, 0), self.own(layer, "slopes", slopes.reshape(-1, 1, 1))])

    def convolution(self, layer: IrLayer) -> None:
        filters = self.values(layer, 1)
        if filters.ndim != 4:
            raise OpenVinoError(f"layer {layer.id} has filters of {filters.ndim} dimensions")
        self._convolution(layer, filters, groups=1)

    def group_convolution(self, layer: IrLayer) -> None:
        filters = self.values(layer, 1)
        if filters.ndim != 5:
            raise OpenVinoError(f"layer {layer.id} has filters of {filters.ndim} dimensions")
        self._convolution(layer, filters.reshape(-1, *filters.shape[2:]), groups=filters.shape[0])

    def average_pool(self, layer: IrLayer) -> None:
        self.expect(
            layer, inputs=1, auto_pad="explicit", rounding_type="floor", strides=None, kernel=None, pads_begin=None,
            pads_end=None, **{"exclude-pad": "true"},
        )  # fmt: skip
        self.add(
            layer,
            "AveragePool",
            [self.input(layer, 0)],
            kernel_shape=self.pair(layer, "kernel"),
            strides=self.pair(layer, "strides"),
            pads=self.pair(layer, "pads_begin") + self.pair(layer, "pads_end"),
            count_include_pad=0,
            ceil_mode=0,
        )

    def result(self, layer: IrLayer) -> None:
        self.expect(layer, inputs=1)
        shape = self.shapes.get(layer.inputs[0], ())
        if self.features or len(shape) not in (2, 4) or shape[0] != 1 or any(side != 1 for side in shape[2:]):
            raise OpenVinoError("its output is not one list of numbers")
        self.features = shape[1]
        self.nodes.append(helper.make_node("Flatten", [self.input(layer, 0)], [OUTPUT_NAME], axis=1))

    def expect(self, layer: IrLayer, inputs: int, **attributes: str | None) -> None:
        """Exactly these attributes, those with a value exactly so, and so many inputs."""
        if len(layer.inputs) != inputs or set(layer.attributes) != set(attributes):
            raise OpenVinoError(f"layer {layer.id} is a {layer.kind} of an unknown form")
        for name, wanted in attributes.items():
            if wanted is not None and layer.attributes[name] != wanted:
                raise OpenVinoError(f"layer {layer.id} has {name} = {layer.attributes[name][:20]!r}")

    def input(self, layer: IrLayer, place: int) -> str:
        source = layer.inputs[place]
        return self.own(layer, f"input{place}", self.constants[source]) if source in self.constants else self.of(source)

    def of(self, source: int) -> str:
        if source not in self.names:
            raise OpenVinoError(f"layer {source} gives nothing that another could take")
        return self.names[source]

    def values(self, layer: IrLayer, place: int) -> NDArray[np.float32]:
        values = self.constants.get(layer.inputs[place]) if len(layer.inputs) > place else None
        if values is None:
            raise OpenVinoError(f"layer {layer.id} takes from another layer what should be a constant")
        return values

    def own(self, layer: IrLayer, what: str, values: NDArray[np.float32]) -> str:
        name = f"{what}_{layer.id:05d}"
        data = np.ascontiguousarray(values, dtype="<f4").tobytes()
        self.used[name] = helper.make_tensor(name, TensorProto.FLOAT, values.shape, data, raw=True)
        return name

    def pair(self, layer: IrLayer, name: str) -> list[int]:
        numbers = whole_numbers(layer.attributes[name], f"{name} of layer {layer.id}")
        if len(numbers) != 2:
            raise OpenVinoError(f"{name} of layer {layer.id} is no pair")
        return list(numbers)

    def place(self, layer: IrLayer, name: str) -> None:
        self.names[layer.id], self.shapes[layer.id] = name, layer.output_shape

    def add(self, layer: IrLayer, operation: str, inputs: list[str], **attributes: object) -> None:
        name = f"value_{layer.id:05d}"
        self.nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        self.place(layer, name)

    def finish(self) -> bytes:
        if not self.crops or not self.features:
            raise OpenVinoError("it has no input or no output")
        crops = helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["n", *self.crops[1:]])
        features = helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["n", self.features])
        graph = helper.make_graph(self.nodes, "openvino", [crops], [features], list(self.used.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR_VERSION
        model.producer_name, model.producer_version = _PRODUCER, _PRODUCER_VERSION
        self._check(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _check(self, model: onnx.ModelProto) -> None:
        """Every layer gives the shape that the publisher's file says it gives."""
        try:
            onnx.checker.check_model(model)
            inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        except Exception as error:  # the checker has several roots of errors, some of them C++'s
            raise OpenVinoError("its layers do not fit together") from error
        found = {
            value.name: tuple(part.dim_value for part in value.type.tensor_type.shape.dim)[1:]
            for value in inferred.graph.value_info
        }
        for number, name in self.names.items():
            if name in found and found[name] != self.shapes[number][1:]:
                raise OpenVinoError(f"layer {number} does not give the shape that it says")

    def _convolution(self, layer: IrLayer, filters: NDArray[np.float32], groups: int) -> None:
        self.expect(
            layer, inputs=2, auto_pad="explicit", strides=None, dilations=None, pads_begin=None, pads_end=None
        )  # fmt: skip
        self.add(
            layer,
            "Conv",
            [self.input(layer, 0), self.own(layer, "filters", filters)],
            kernel_shape=list(filters.shape[2:]),
            strides=self.pair(layer, "strides"),
            dilations=self.pair(layer, "dilations"),
            pads=self.pair(layer, "pads_begin") + self.pair(layer, "pads_end"),
            group=groups,
        )


_CONVERSIONS: dict[str, Callable[[_Writer, IrLayer], None]] = {
    "Parameter": _Writer.parameter,
    "Const": _Writer.constant,
    "Convert": _Writer.widened,
    "Add": _Writer.pointwise,
    "Multiply": _Writer.pointwise,
    "Sigmoid": _Writer.sigmoid,
    "PReLU": _Writer.prelu,
    "Convolution": _Writer.convolution,
    "GroupConvolution": _Writer.group_convolution,
    "AvgPool": _Writer.average_pool,
    "Result": _Writer.result,
}
