"""Reads a network in OpenVINO's intermediate representation: an XML file of layers and a file of weights beside it.

Strict: whatever is not understood to the last attribute is refused with one sentence. Writes nothing and runs nothing.
"""

import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.errors import VisionError

_LARGEST_XML = 8 * 1024**2
_MOST_LAYERS = 3_000
_MOST_VALUES = 64 * 1024**2
_CONSTANT_TYPES: dict[str, np.dtype[Any]] = {"f16": np.dtype("<f2"), "f32": np.dtype("<f4")}
# What may be written in the XML without changing what is computed.
_WITHOUT_EFFECT = frozenset({"rt_info"})


class OpenVinoError(VisionError):
    """The files are no network that can be converted."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"The OpenVINO network cannot be converted: {detail}; take the files from the publisher's address again,"
            " or give the model as ONNX."
        )


@dataclass(frozen=True, slots=True)
class IrLayer:
    """One layer, with its inputs in the order of their ports."""

    id: int
    kind: str
    attributes: dict[str, str]
    inputs: tuple[int, ...]
    """Ids of the layers whose only output each input is."""
    output_shape: tuple[int, ...]
    """Empty for a `Result`."""
    values: NDArray[np.float32] | None
    """Of a constant, else None."""


@dataclass(frozen=True, slots=True)
class IrNetwork:
    """All layers, each after those it takes its inputs from."""

    layers: tuple[IrLayer, ...]


def read_openvino_ir(xml: bytes, weights: bytes) -> IrNetwork:
    """Return the network of these two files' contents; raise `OpenVinoError`."""
    root = _parsed(xml)
    entries = root.findall("layers/layer")
    if not 0 < len(entries) <= _MOST_LAYERS:
        raise OpenVinoError(f"it has {len(entries)} layers")
    wires = _wires(root)
    layers: dict[int, IrLayer] = {}
    remaining = _MOST_VALUES
    for entry in entries:
        layer = _layer(entry, wires, weights, remaining)
        if layer.id in layers:
            raise OpenVinoError(f"two layers have the number {layer.id}")
        remaining -= 0 if layer.values is None else layer.values.size
        layers[layer.id] = layer
    return IrNetwork(_in_order(layers))


def whole_numbers(text: str, what: str) -> tuple[int, ...]:
    """Numbers of a list such as "1, 3,128"; raise `OpenVinoError`."""
    if not re.fullmatch(r"\s*\d{1,9}\s*(,\s*\d{1,9}\s*)*", text, re.ASCII):
        raise OpenVinoError(f"{what} is no list of whole numbers")
    return tuple(int(part) for part in text.split(","))


def _parsed(xml: bytes) -> ElementTree.Element:
    """No document type, and so no entities: they are how a small file becomes a huge one."""
    if len(xml) > _LARGEST_XML:
        raise OpenVinoError("its XML is too large")
    try:
        text = xml.decode("utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise OpenVinoError("its XML has a document type of its own")
        root = ElementTree.fromstring(text)  # noqa: S314 (without a document type there is nothing to expand)
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError) as error:
        raise OpenVinoError("its XML is damaged or cut short") from error
    if root.tag != "net" or root.get("version") not in ("10", "11"):
        raise OpenVinoError("it is no network of version 10 or 11")
    return root


def _wires(root: ElementTree.Element) -> dict[tuple[int, int], tuple[int, int]]:
    """Which layer and output port each layer and input port is connected to."""
    wires: dict[tuple[int, int], tuple[int, int]] = {}
    for edge in root.findall("edges/edge"):
        target = (_number(edge, "to-layer"), _number(edge, "to-port"))
        if target in wires:
            raise OpenVinoError(f"layer {target[0]} has two values at one input")
        wires[target] = (_number(edge, "from-layer"), _number(edge, "from-port"))
    return wires


def _layer(
    entry: ElementTree.Element, wires: dict[tuple[int, int], tuple[int, int]], weights: bytes, most_values: int
) -> IrLayer:
    number, kind = _number(entry, "id"), entry.get("type", "")
    if unknown := {part.tag for part in entry} - {"data", "input", "output"} - _WITHOUT_EFFECT:
        raise OpenVinoError(f"layer {number} has a part {min(unknown)!r}")
    data = entry.find("data")
    attributes = dict(data.attrib) if data is not None else {}
    outputs = entry.findall("output/port")
    if len(outputs) != (kind != "Result"):
        raise OpenVinoError(f"layer {number} has {len(outputs)} outputs")
    shape = _dimensions(outputs[0], number) if outputs else ()
    inputs = []
    for port in entry.findall("input/port"):
        source = wires.get((number, _number(port, "id")))
        if source is None:
            raise OpenVinoError(f"an input of layer {number} is connected to nothing")
        inputs.append(source[0])
    values = _constant(attributes, number, shape, weights, most_values) if kind == "Const" else None
    return IrLayer(number, kind, attributes, tuple(inputs), shape, values)


def _dimensions(port: ElementTree.Element, number: int) -> tuple[int, ...]:
    return tuple(whole_numbers(part.text or "", f"a dimension of layer {number}")[0] for part in port.findall("dim"))


def _constant(
    attributes: dict[str, str], number: int, shape: tuple[int, ...], weights: bytes, most_values: int
) -> NDArray[np.float32]:
    """Half precision becomes single precision, which changes no value."""
    own_type = _CONSTANT_TYPES.get(attributes.get("element_type", ""))
    if own_type is None:
        raise OpenVinoError(f"constant {number} is neither f16 nor f32")
    text = attributes.get("shape", "")
    written = whole_numbers(text, f"the shape of constant {number}") if text.strip() else ()
    (offset,) = whole_numbers(attributes.get("offset", ""), f"the place of constant {number}")[:1]
    (size,) = whole_numbers(attributes.get("size", ""), f"the size of constant {number}")[:1]
    count = math.prod(written)
    if written != shape or not 0 < count <= most_values or size != count * own_type.itemsize:
        raise OpenVinoError(f"constant {number} has a size that its shape does not have")
    if offset + size > len(weights):
        raise OpenVinoError("its file of weights is cut short")
    read = np.frombuffer(weights, own_type, count, offset).reshape(written)
    values: NDArray[np.float32] = read.astype(np.float32)
    if not np.isfinite(values).all():
        raise OpenVinoError(f"constant {number} holds what is no number")
    return values


def _in_order(layers: dict[int, IrLayer]) -> tuple[IrLayer, ...]:
    """Each layer after those it takes its inputs from, otherwise as in the file."""
    ordered: dict[int, IrLayer] = {}
    waiting = list(layers.values())
    while waiting:
        ready = [layer for layer in waiting if all(source in ordered for source in layer.inputs)]
        if not ready:
            raise OpenVinoError("its layers go round in a circle, or one is missing")
        # In a file that is in order one pass suffices, however long it is.
        still = []
        for layer in waiting:
            if all(source in ordered for source in layer.inputs):
                ordered[layer.id] = layer
            else:
                still.append(layer)
        waiting = still
    return tuple(ordered.values())


def _number(entry: ElementTree.Element, name: str) -> int:
    return whole_numbers(entry.get(name, ""), f"{name} of a {entry.tag}")[0]
