"""`kiosk specimen`: draws documents of Utopia for tests and demo. Never of a state that exists, never of a customer."""

import argparse
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kiosk.document.mrz import MrzRecord
from kiosk.document.mrz_composing import compose_mrz
from kiosk.document.mrz_layout import MrzFormat
from kiosk.errors import KioskError

STATE = "UTO"
Pixels = NDArray[np.uint8]


class SpecimenError(KioskError):
    """A specimen cannot be drawn as asked; the sentence says what to give instead."""


class SpecimenKind(StrEnum):
    """The three formats of Doc 9303."""

    TD1 = "td1"
    TD2 = "td2"
    TD3 = "td3"


@dataclass(frozen=True, slots=True)
class SpecimenData:
    """What is printed. The sex is always X."""

    primary_name: str
    secondary_name: str
    number: str
    birth_date: date
    expiry_date: date
    nationality: str = STATE


DEMO_PORTRAITS = {"astronaut": ("ANNA", "X00001961"), "hopper": ("GRETA", "X00001992")}
_HEADS = {"astronaut": (225, 118, 236), "hopper": (268, 236, 436)}
"""Centre x, centre y and height of the crop around the head, in pixels of the two public-domain pictures."""


def demo_data(portrait: str, today: date) -> SpecimenData:
    """Return invented data that are valid on `today`; any portrait but `hopper` gets the first set."""
    given, number = DEMO_PORTRAITS.get(portrait, DEMO_PORTRAITS["astronaut"])
    born, until = date(today.year - 34, 8, 12), date(today.year + 6, 4, 15)
    return SpecimenData("UTOPIA", f"SPECIMEN {given}", number, born, until)


def demo_portrait(name: str) -> Pixels:
    """Return head and shoulders of one of the two public-domain portraits, (h, w, 3) uint8 RGB, 35 wide to 45 high."""
    if name == "astronaut":
        import skimage.data

        picture = np.asarray(skimage.data.astronaut())
    elif name == "hopper":
        import matplotlib.cbook
        from PIL import Image

        path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
        with Image.open(str(path)) as image:
            picture = np.array(image.convert("RGB"))
    else:
        raise SpecimenError(f"There is no portrait named {name}: use astronaut, hopper or a picture file.")
    x, y, height = _HEADS[name]
    width = round(height * 35 / 45)
    top, left = max(0, y - height // 2), x - width // 2
    return np.ascontiguousarray(picture[top : top + height, left : left + width])


def render_specimen(kind: SpecimenKind | str, data: SpecimenData, portrait_rgb: Pixels, seed: int = 0) -> Pixels:
    """Draw a document on a desk as a document camera sees it, (1296, 2304, 3) uint8 RGB; same seed, same picture."""
    from kiosk.admin.specimen_desk import lay_on_desk
    from kiosk.admin.specimen_pages import draw_sides

    return lay_on_desk(draw_sides(SpecimenKind(kind), data, portrait_rgb, seed), seed)


def zone_of(kind: SpecimenKind | str, data: SpecimenData) -> tuple[str, ...]:
    """Return the lines of the machine readable zone that the specimen carries."""
    kind = SpecimenKind(kind)
    return compose_mrz(
        MrzRecord(
            format=MrzFormat(kind.upper()),
            document_code="P" if kind is SpecimenKind.TD3 else "I",
            issuing_state=STATE,
            number=data.number,
            primary_name=data.primary_name,
            secondary_name=data.secondary_name,
            nationality=data.nationality,
            birth_date=data.birth_date,
            expiry_date=data.expiry_date,
        )
    )


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register `kiosk specimen`."""
    parser = commands.add_parser(
        "specimen",
        help="draw specimen documents for tests and demo",
        description="Draw a specimen document of Utopia on a desk, as a document camera would see it.",
        epilog="Example: kiosk specimen --kind td3 --portrait astronaut --out passport.png",
    )
    parser.add_argument("--kind", choices=[kind.value for kind in SpecimenKind], default="td3", help="format")
    parser.add_argument(
        "--portrait", default="astronaut", metavar="NAME|FILE", help="astronaut, hopper, or a picture file"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .png or .jpg file to write")
    parser.add_argument("--expired", action="store_true", help="let it have expired last year")
    parser.add_argument("--under-age", action="store_true", help="let the holder be twelve years old")
    parser.add_argument("--seed", type=_seed, default=0, help="another seed lies and looks slightly different")
    parser.set_defaults(run=run)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("give a whole number from 0 on")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Draw one specimen and say where it lies."""
    today = date.today()
    data = demo_data(arguments.portrait, today)
    born = date(today.year - 12, 1, 1) if arguments.under_age else data.birth_date
    until = date(today.year - 1, 4, 15) if arguments.expired else data.expiry_date
    data = SpecimenData(data.primary_name, data.secondary_name, data.number, born, until)
    portrait = _portrait_named(arguments.portrait)
    _write(arguments.out, render_specimen(arguments.kind, data, portrait, arguments.seed))
    print(f"Specimen {arguments.kind.upper()} number {data.number}, valid until {until:%d %B %Y}: {arguments.out}")
    return 0


def _portrait_named(name: str) -> Pixels:
    if name in DEMO_PORTRAITS:
        return demo_portrait(name)
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(name) as image:
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise SpecimenError(f"{name} is no picture that can be read: use astronaut, hopper or a JPEG file.") from error


def _write(path: Path, pixels: Pixels) -> None:
    from PIL import Image

    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise SpecimenError(f"{path} names no kind of picture: end the name in .png or .jpg.")
    try:
        Image.fromarray(pixels).save(path, quality=95)
    except OSError as error:
        raise SpecimenError(
            f"{path} cannot be written ({error.strerror}): name a file in a folder of yours."
        ) from error
