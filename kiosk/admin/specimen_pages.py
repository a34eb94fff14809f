"""What stands where on the three specimen documents. Sizes are those of Doc 9303; the look is nobody's."""

from kiosk.admin.specimen import Pixels, SpecimenData, SpecimenKind, zone_of
from kiosk.admin.specimen_drawing import ID_1_MM, ID_2_MM, ID_3_MM, Card, Entry


def draw_sides(kind: SpecimenKind, data: SpecimenData, portrait: Pixels, seed: int) -> list[Pixels]:
    """Draw a document's sides that the camera shall see, each (h, w, 3) uint8 RGB."""
    match kind:
        case SpecimenKind.TD1:
            return _td1(data, portrait, seed)
        case SpecimenKind.TD2:
            return _td2(data, portrait, seed)
        case SpecimenKind.TD3:
            return _td3(data, portrait, seed)


def _td3(data: SpecimenData, portrait: Pixels, seed: int) -> list[Pixels]:
    card = Card(ID_3_MM, seed)
    card.heading(45, 10, "UTOPIA", 4.2)
    card.text(7, 10, "Passport / Passeport", 2.0, "DejaVuSans-Bold")
    card.portrait(7, 14, 45, portrait)
    card.portrait(101, 30, 20, portrait, opacity=0.3)
    card.entries(45, 15.5, [Entry("Surname / Nom", data.primary_name)], 7)
    card.entries(45, 23.0, [Entry("Given names / Prénoms", data.secondary_name)], 7)
    card.entries(45, 30.5, _left_entries(data), 7.5)
    card.entries(75, 30.5, _right_entries(), 7.5)
    card.entries(94, 15.5, [Entry("Passport No. / No de passeport", data.number)], 7)
    card.signature(75, 60.5, data.secondary_name.title())
    card.specimen(52, 58, 8.5)
    card.zone(zone_of(SpecimenKind.TD3, data))
    return [card.pixels]


def _td2(data: SpecimenData, portrait: Pixels, seed: int) -> list[Pixels]:
    card = Card(ID_2_MM, seed)
    card.heading(40, 9, "UTOPIA", 3.6)
    card.text(62, 9, "Identity card / Carte d’identité", 1.7, "DejaVuSans-Bold")
    card.portrait(6, 8, 38, portrait)
    card.entries(40, 14, [Entry("Surname / Nom", data.primary_name)], 7)
    card.entries(40, 21, [Entry("Given names / Prénoms", data.secondary_name)], 7)
    card.entries(40, 28, _left_entries(data), 7)
    card.entries(68, 28, _right_entries(), 7)
    card.entries(76, 14, [Entry("Document No. / No", data.number)], 7)
    card.signature(68, 53.5, data.secondary_name.title())
    card.specimen(42, 53, 7.5)
    card.zone(zone_of(SpecimenKind.TD2, data))
    return [card.pixels]


def _td1(data: SpecimenData, portrait: Pixels, seed: int) -> list[Pixels]:
    """Both sides of the card in one picture, the portrait's above."""
    front, back = Card(ID_1_MM, seed), Card(ID_1_MM, seed + 1)
    front.heading(34, 8, "UTOPIA", 3.2)
    front.text(56, 8, "Identity card", 1.6, "DejaVuSans-Bold")
    front.portrait(5, 9, 36, portrait)
    front.entries(36, 12.5, [Entry("Surname / Nom", data.primary_name)], 7)
    front.entries(36, 19.0, [Entry("Given names / Prénoms", data.secondary_name)], 7)
    front.entries(36, 25.5, _left_entries(data), 6.5)
    front.entries(61, 25.5, _right_entries(), 6.5)
    front.entries(64, 12.5, [Entry("Document No. / No", data.number)], 7)
    front.specimen(37, 48, 5.2)
    back.entries(6, 8, [Entry("Authority / Autorité", "UTOPIA CIVIL REGISTRY")], 7)
    back.signature(6, 24, data.secondary_name.title())
    back.specimen(34, 28, 5.0)
    back.zone(zone_of(SpecimenKind.TD1, data))
    return [front.pixels, back.pixels]


def _left_entries(data: SpecimenData) -> list[Entry]:
    return [
        Entry("Nationality / Nationalité", data.nationality),
        Entry("Date of birth / Naissance", f"{data.birth_date:%d %m %Y}"),
        Entry("Date of expiry / Expiration", f"{data.expiry_date:%d %m %Y}"),
    ]


def _right_entries() -> list[Entry]:
    return [
        Entry("Sex / Sexe", "X"),
        Entry("Place of birth / Lieu", "ZENITH"),
        Entry("Authority / Autorité", "REGISTRY"),
    ]
