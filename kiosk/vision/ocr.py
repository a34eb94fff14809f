"""Recognises one line of MRZ text in a picture, with the PP-OCR network that RapidOCR's wheel carries.

The network file is run by ONNX Runtime directly: RapidOCR itself is never imported, so neither its model download nor
its logging can be reached, and the network's answer is narrowed to the 37 characters that a machine readable zone can
hold. Finds no lines (`mrz_lines` does) and corrects nothing (`document.mrz_recovery` does).
"""

import importlib.util
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from kiosk.errors import VisionError

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"
LINE_HEIGHT_PX = 48
"""What the network takes."""
MAX_LINE_WIDTH_PX = 2400
_LOOK_ALIKES = {"<": "＜〈《«‹く≤", "0": "○Ø", "I": "|ı"}
_MODEL_NAME = "PP-OCRv6_rec_small.onnx"
_DOUBT = 0.08
_LETTERS_LIKE_DIGITS = ("O0", "D0", "Q0", "I1", "Z2", "S5", "G6", "B8")
_LESSER_DOUBT = 0.015
"""Of a letter that looks like a digit: the network is hardly ever unsure of these, and often wrong."""


class OcrModelError(VisionError):
    """The text recognition network is missing or is another one."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        super().__init__(f"The text recognition model {path.name} {why}: install rapidocr 3.10.0 again.")


@dataclass(frozen=True, slots=True)
class OcrCharacter:
    """One character where the network saw it."""

    cell: str
    """The character read, followed by the others it could be."""
    probability: float
    """Of the character read, 0…1."""
    x: float
    """Centre, as a fraction of the line's width."""


def recognition_model_path() -> Path:
    """Return where the wheel of RapidOCR keeps the network, without importing the package."""
    spec = importlib.util.find_spec("rapidocr")
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else Path("rapidocr")
    return folder / "models" / _MODEL_NAME


class MrzLineOcr:
    """Loads once; `read_line` opens no file and no socket."""

    def __init__(self, model_path: Path | None = None, threads: int = 2) -> None:
        path = model_path or recognition_model_path()
        if not path.is_file():
            raise OcrModelError(path, "is missing")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        onnxruntime.disable_telemetry_events()
        try:
            self._network = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            names = self._network.get_modelmeta().custom_metadata_map["character"].splitlines()
        except Exception as error:  # onnxruntime's own exceptions share no root
            raise OcrModelError(path, "cannot be loaded") from error
        self._classes = _classes_of(names)
        self._input = self._network.get_inputs()[0].name

    def warm_up(self) -> None:
        """Run once, so that the first page costs no more than the next."""
        self.read_line(np.full((LINE_HEIGHT_PX, 1200, 3), 255, np.uint8))

    def read_line(self, pixels: NDArray[np.uint8]) -> tuple[OcrCharacter, ...]:
        """Read a horizontal line, (h, w, 3) uint8 RGB, from left to right."""
        probabilities = self._probabilities(pixels)
        best = probabilities.argmax(axis=1)
        characters = []
        for start, stop in _runs(best):
            if (index := int(best[start])) > 0:
                characters.append(_character(probabilities[start:stop], index, (start + stop) / 2 / len(best)))
        return tuple(characters)

    def _probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(steps, 38) float32: the blank, then each character of `ALPHABET` with its look-alikes."""
        height, width = pixels.shape[:2]
        wanted = int(np.clip(round(width * LINE_HEIGHT_PX / max(height, 1)), LINE_HEIGHT_PX, MAX_LINE_WIDTH_PX))
        # The network was trained on BGR.
        line = cv2.resize(pixels[..., ::-1], (wanted, LINE_HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
        tensor = (line.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
        output = self._network.run(None, {self._input: tensor})[0][0]
        merged = [output[:, classes].sum(axis=1) for classes in self._classes]
        return np.asarray(np.stack([output[:, 0], *merged], axis=1), dtype=np.float32)


def _classes_of(names: list[str]) -> list[list[int]]:
    """Class numbers of each character of `ALPHABET`; class 0 is the blank."""
    place = {name: number + 1 for number, name in enumerate(names)}
    small = {character: character.lower() for character in ALPHABET if character != "L"}
    spellings = [character + small.get(character, "") + _LOOK_ALIKES.get(character, "") for character in ALPHABET]
    return [sorted({place[form] for form in forms if form in place}) for forms in spellings]


def _runs(best: NDArray[np.int64]) -> list[tuple[int, int]]:
    borders = np.flatnonzero(np.diff(best)) + 1
    edges = [0, *borders.tolist(), len(best)]
    return list(pairwise(edges))


def _character(steps: NDArray[np.float32], index: int, x: float) -> OcrCharacter:
    peaks = steps.max(axis=0)[1:]
    read = ALPHABET[index - 1]
    others = [ALPHABET[number] for number in np.argsort(-peaks) if peaks[number] >= _least(read, ALPHABET[number])]
    cell = "".join(dict.fromkeys([read, *others]))
    return OcrCharacter(cell, float(min(peaks[index - 1], 1.0)), x)


def _least(read: str, other: str) -> float:
    """Return the probability from which another character is kept in mind."""
    alike = read + other in _LETTERS_LIKE_DIGITS or other + read in _LETTERS_LIKE_DIGITS
    return _LESSER_DOUBT if alike else _DOUBT
