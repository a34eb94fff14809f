"""The two public-domain portraits that tests may show, and their face mesh points."""

import warnings
from functools import cache

import numpy as np
from numpy.typing import NDArray

NAMES = ("astronaut", "grace_hopper")


@cache
def portrait(name: str) -> NDArray[np.uint8]:
    """Return the (height, width, 3) RGB portrait of one of `NAMES`."""
    if name == "astronaut":
        import skimage.data

        return np.ascontiguousarray(skimage.data.astronaut())
    from matplotlib import cbook
    from PIL import Image

    with cbook.get_sample_data("grace_hopper.jpg") as file:
        return np.asarray(Image.open(file).convert("RGB"))


@cache
def portrait_landmarks(name: str) -> NDArray[np.float32]:
    """Return the (478, 3) landmarks of a portrait, in its pixels."""
    found = face_landmarks(portrait(name))
    assert found is not None
    return found


def face_landmarks(pixels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Return (478, 3) landmarks of the face in a picture, None where the mesh finds none."""
    height, width = pixels.shape[:2]
    faces = _face_mesh().process(pixels).multi_face_landmarks
    if not faces:
        return None
    return np.array([(p.x * width, p.y * height, p.z * width) for p in faces[0].landmark], np.float32)


@cache
def _face_mesh():  # type: ignore[no-untyped-def]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's deprecations
        import mediapipe

        return mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True, max_num_faces=2)
