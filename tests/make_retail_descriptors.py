"""Makes `tests/golden/retail_descriptors.json`: what the original runtime answers for twenty crops of two portraits.

Run by hand, never by the tests, where OpenVINO is installed (a throw-away environment; the project does not need it):

    python -m tests.make_retail_descriptors crops CROPS.npy                     in the project's environment
    python tests/make_retail_descriptors.py answers MODEL.xml CROPS.npy OUT     where openvino and numpy are

The crops are small random warps of the two public-domain portraits; their seeds and hashes are kept, not their pixels.
"""

import hashlib
import json
import sys
from pathlib import Path

COUNT = 20
SIDE_PX = 128


def crops():
    """Return the (20, 128, 128, 3) uint8 RGB crops: both portraits' faces, moved, turned, scaled and brightened."""
    import cv2
    import numpy as np

    from tests.portraits import NAMES, portrait

    heads = {"astronaut": (224.0, 115.0, 120.0), "grace_hopper": (255.0, 165.0, 190.0)}
    random = np.random.default_rng(95)
    made = []
    for number in range(COUNT):
        name = NAMES[number % 2]
        x, y, width = heads[name]
        turn_deg, scale = random.uniform(-15, 15), SIDE_PX / width * random.uniform(0.75, 1.15)
        matrix = cv2.getRotationMatrix2D((x, y), turn_deg, scale)
        matrix[:, 2] += SIDE_PX / 2 - np.array((x, y)) + random.uniform(-8, 8, 2)
        picture = cv2.warpAffine(portrait(name), matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_NEAREST)
        made.append((picture.astype(int) * int(random.integers(60, 120)) // 100).clip(0, 255).astype(np.uint8))
    return np.stack(made)


def main(words: list[str]) -> None:
    import numpy as np

    if words[0] == "crops":
        np.save(words[1], crops())
        return
    import openvino

    xml, pixels = words[1], np.load(words[2])
    model = openvino.Core().compile_model(xml, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    batch = pixels[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    answers = [model([picture[None]])[0].reshape(-1) for picture in batch]
    record = {
        "runtime": f"openvino {openvino.__version__}",
        "crops_sha256": hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest(),
        "descriptors": [[round(float(value), 6) for value in answer] for answer in answers],
    }
    Path(words[3]).write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
