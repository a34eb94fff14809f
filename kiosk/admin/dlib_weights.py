"""Reads the numbers out of dlib's face template network file, without dlib.

Finds the layers by their markers in file order; does not understand dlib's format beyond what this one network
needs, and runs nothing that the file holds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.errors import VisionError

CONVOLUTIONS = 29
OUTPUTS = 128
FEATURES = 256

_CONVOLUTION_MARKER = b"\x05con_4"
_AFFINE_MARKER = b"\x07affine_"
_PROJECTION_MARKER = b"\x04fc_2"
_TENSOR_VERSION = 2


class WeightsFormatError(VisionError):
    """The file is not dlib's face template network."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"The weights file is not dlib's face template network: {detail}.")
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution with the affine layer that follows it."""

    parameters: NDArray[np.float32]
    """(n,) filters, outputs × inputs × rows × columns, then one bias for each output."""
    gamma: NDArray[np.float32]
    """(outputs,)"""
    beta: NDArray[np.float32]
    """(outputs,)"""


@dataclass(frozen=True, slots=True)
class DlibWeights:
    """All learned numbers of the network."""

    convolutions: tuple[Convolution, ...]
    """In the order in which a picture passes them."""
    projection: NDArray[np.float32]
    """(256, 128), features × outputs."""


def read_dlib_weights(data: bytes) -> DlibWeights:
    """Return the weights in `data`; raise `WeightsFormatError` where it is another or a damaged file."""
    parameters = [_read_tensor(data, start) for start in _after_each(data, _CONVOLUTION_MARKER)]
    affines = [_read_tensor(data, start) for start in _after_each(data, _AFFINE_MARKER)]
    if len(parameters) != CONVOLUTIONS or len(affines) != CONVOLUTIONS:
        raise WeightsFormatError(
            f"it holds {len(parameters)} convolutions and {len(affines)} affine layers instead of {CONVOLUTIONS} each"
        )
    convolutions = tuple(
        Convolution(own.ravel(), *np.split(affine.ravel(), 2)) for own, affine in zip(parameters, affines, strict=True)
    )
    return DlibWeights(convolutions, _read_projection(data))


def _read_projection(data: bytes) -> NDArray[np.float32]:
    starts = _after_each(data, _PROJECTION_MARKER)
    if len(starts) != 1:
        raise WeightsFormatError(f"it holds {len(starts)} projections instead of one")
    outputs, position = read_dlib_integer(data, starts[0])
    inputs, position = read_dlib_integer(data, position)
    if (outputs, inputs) != (OUTPUTS, FEATURES):
        raise WeightsFormatError(f"its projection is {inputs} × {outputs} instead of {FEATURES} × {OUTPUTS}")
    return _read_tensor(data, position).reshape(FEATURES, OUTPUTS)


def _after_each(data: bytes, marker: bytes) -> list[int]:
    starts = []
    position = data.find(marker)
    while position >= 0:
        starts.append(position + len(marker))
        position = data.find(marker, position + len(marker))
    return starts


def _read_tensor(data: bytes, position: int) -> NDArray[np.float32]:
    version, position = read_dlib_integer(data, position)
    if version != _TENSOR_VERSION:
        raise WeightsFormatError(f"a tensor has version {version} instead of {_TENSOR_VERSION}")
    shape = []
    for _ in range(4):
        size, position = read_dlib_integer(data, position)
        shape.append(size)
    count = int(np.prod(shape, dtype=np.int64)) if min(shape) > 0 else 0
    if count == 0 or position + 4 * count > len(data):
        raise WeightsFormatError(f"a tensor of {' × '.join(map(str, shape))} numbers does not fit into it")
    return np.frombuffer(data, dtype="<f4", count=count, offset=position).reshape(shape)


def read_dlib_integer(data: bytes, position: int) -> tuple[int, int]:
    """Return the integer at `position` and where the next thing starts.

    One control byte (low four bits: number of value bytes; top bit: sign), then the value, little-endian.
    """
    if position >= len(data):
        raise WeightsFormatError("it ends in the middle of a number")
    control = data[position]
    end = position + 1 + (control & 0x0F)
    if control & 0x70 or not 1 <= control & 0x0F <= 8 or end > len(data):
        raise WeightsFormatError(f"there is no integer at byte {position}")
    value = int.from_bytes(data[position + 1 : end], "little")
    return (-value if control & 0x80 else value), end
