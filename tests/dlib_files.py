"""Writes files of the form in which dlib keeps its face template network, with random weights."""

import struct

import numpy as np

SHAPES = [(32, 3, 7)] + [(32, 32, 3)] * 6
for _inputs, _outputs, _more in ((32, 64, 7), (64, 128, 5), (128, 256, 5), (256, 256, 1)):
    SHAPES += [(_outputs, _inputs, 3)] + [(_outputs, _outputs, 3)] * _more


def dlib_integer(value: int) -> bytes:
    digits = abs(value).to_bytes(max(1, (abs(value).bit_length() + 7) // 8), "little")
    return bytes([len(digits) | (0x80 if value < 0 else 0)]) + digits


def dlib_tensor(values: np.ndarray) -> bytes:  # type: ignore[type-arg]
    sizes = (*values.shape, 1, 1, 1, 1)[:4]
    return b"".join(map(dlib_integer, (2, *sizes))) + values.astype("<f4").tobytes()


def dlib_file(seed: int = 3, convolutions: int = 29) -> bytes:
    """A file of dlib's form with random weights."""
    random = np.random.default_rng(seed)
    parts = [b"\x01\x01 what dlib writes between layers "]
    for outputs, inputs, kernel in SHAPES[:convolutions]:
        parameters = random.normal(0, 0.05, outputs * inputs * kernel * kernel + outputs)
        affine = np.concatenate([random.uniform(0.5, 1.5, outputs), random.normal(0, 0.1, outputs)])
        parts += [b"\x05con_4", dlib_tensor(parameters), struct.pack("<d", 1.0), b"\x07affine_", dlib_tensor(affine)]
    projection = random.normal(0, 0.1, (256, 128))
    parts += [b"\x04fc_2", dlib_integer(128), dlib_integer(256), dlib_tensor(projection), b"the end"]
    return b"".join(parts)
