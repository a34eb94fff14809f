"""Puts a bona fide subject or an attack presentation before the simulated camera, all of one seed."""

from dataclasses import replace
from typing import assert_never

import numpy as np

from hardware.simulated.company import Exchange, SecondPerson
from hardware.simulated.display import ScreenReplay, random_display
from hardware.simulated.living import LivingSubject, Portrait, Scene
from hardware.simulated.look import SubjectLook
from hardware.simulated.mask import MaskScene, masked_as, random_make
from hardware.simulated.sheets import CutOutEyes, PrintScene, random_paper
from hardware.simulated.species import AttackSpecies
from hardware.simulated.streams import Injection, Puppet, RecordedVisit, random_stream, redrawn
from hardware.simulated.take import SimulatedTake

Size = tuple[int, int]


def bona_fide_take(
    subject: Portrait, look: SubjectLook, seed: int, size: Size = (1280, 720), light_lag_s: float = 0.08
) -> SimulatedTake:
    """Return a living person before the camera; raise `ValueError` for a portrait of another shape."""
    scene = LivingSubject(subject.renderer(look, size), look, seed)
    return SimulatedTake(scene, size, seed, light_lag_s=light_lag_s, level=look.room.level)


def attack_take(
    species: AttackSpecies,
    subject: Portrait,
    other: Portrait,
    seed: int,
    look: SubjectLook | None = None,
    size: Size = (1280, 720),
    light_lag_s: float = 0.08,
) -> SimulatedTake:
    """Return an attack in the name of `subject`; `other` is who stands behind the print, beside or before them."""
    look = SubjectLook() if look is None else look
    scene = _scene(species, subject, other, seed, look, size)
    return SimulatedTake(
        scene,
        size,
        seed,
        light_lag_s=light_lag_s,
        level=look.room.level,
        replaces_camera=species.replaces_camera,
    )


def _scene(
    species: AttackSpecies, subject: Portrait, other: Portrait, seed: int, look: SubjectLook, size: Size
) -> Scene:
    rng = np.random.default_rng((seed, 11))
    match species:
        case AttackSpecies.PRINT | AttackSpecies.BENT_PRINT:
            paper = random_paper(rng, bent=species is AttackSpecies.BENT_PRINT)
            return PrintScene(subject.renderer(look, size), look, seed, paper)
        case AttackSpecies.CUT_OUT_EYES:
            paper = random_paper(rng, bent=bool(rng.random() < 0.3))
            paper = replace(paper, turn=1.1)  # the holes have to stay before the eyes
            behind = other if rng.random() < 0.5 else subject
            return CutOutEyes(subject.renderer(look, size), behind.undressed(look, size), look, seed, paper)
        case AttackSpecies.SCREEN_REPLAY:
            return ScreenReplay(subject.renderer(look, size), look, seed, random_display(rng))
        case AttackSpecies.RECORDED_VISIT:
            return RecordedVisit(subject.renderer(look, size), look, seed)
        case AttackSpecies.MASK:
            make = random_make(rng)
            masked = subject.renderer(look, size, lambda sitter: masked_as(sitter, make))
            return MaskScene(masked, look, seed, make)
        case AttackSpecies.INJECTION:
            return Injection(subject.renderer(look, size), look, seed, random_stream(rng))
        case AttackSpecies.PUPPET:
            return Puppet(subject.renderer(look, size, redrawn), look, seed, float(rng.uniform(0.1, 0.3)))
        case AttackSpecies.SECOND_PERSON:
            living = LivingSubject(subject.renderer(look, size), look, seed)
            return SecondPerson(living, other.undressed(look, size), look, seed)
        case AttackSpecies.EXCHANGE:
            first = LivingSubject(other.undressed(look, size), look, seed)
            return Exchange(first, LivingSubject(subject.renderer(look, size), look, seed + 1), seed)
        case unknown:
            assert_never(unknown)
