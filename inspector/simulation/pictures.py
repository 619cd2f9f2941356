"""Simulated pictures of brushed metal, some scratched, holed or cracked."""

from __future__ import annotations

import cv2
import numpy as np

from inspector.types import Pixels

SIDE = 256
KINDS = ("scratch", "blowhole", "crack")


def draw_part(kind: str | None, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Draw a part, and the mask of its defect.

    Args:
        kind: one of `KINDS`, or `None` for a good part.
        rng: makes it repeatable.

    Returns:
        Picture and mask, `[SIDE, SIDE]` each; the mask is 255 on the defect.
    """
    surface = _surface(rng)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    if kind is not None:
        _DRAW[kind](mask, rng)
        soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (5, 5), 1.0)
        surface -= soft * rng.uniform(25, 60)
    exposure = rng.uniform(0.85, 1.15)
    noisy = surface * exposure + rng.normal(0, 3, surface.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), mask


def _surface(rng: np.random.Generator) -> np.ndarray:
    """Draw brush marks along one direction, uneven light, and some stains."""
    marks = cv2.GaussianBlur(rng.normal(0, 40, (SIDE, SIDE)), (61, 1), 20)
    light = cv2.resize(rng.normal(0, 8, (3, 3)), (SIDE, SIDE), interpolation=2)
    surface = 140 + marks + light
    for _ in range(rng.poisson(2)):
        centre = rng.integers(0, SIDE, 2)
        stain = np.zeros((SIDE, SIDE), np.float64)
        cv2.circle(stain, _point(centre), int(rng.integers(6, 20)), 1.0, -1)
        surface += cv2.GaussianBlur(stain, (31, 31), 8) * rng.uniform(-12, 12)
    return np.asarray(surface)


def _scratch(mask: Pixels, rng: np.random.Generator) -> None:
    start = rng.integers(30, SIDE - 30, 2)
    angle, length = rng.uniform(0, np.pi), rng.uniform(40, 110)
    end = start + length * np.array([np.cos(angle), np.sin(angle)])
    cv2.line(mask, _point(start), _point(end), 255, int(rng.integers(1, 3)))


def _blowhole(mask: Pixels, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 4)):
        centre = rng.integers(20, SIDE - 20, 2)
        cv2.circle(mask, _point(centre), int(rng.integers(2, 7)), 255, -1)


def _crack(mask: Pixels, rng: np.random.Generator) -> None:
    point = rng.uniform(40, SIDE - 40, 2)
    heading = rng.uniform(0, 2 * np.pi)
    for _ in range(rng.integers(8, 18)):
        heading += rng.normal(0, 0.6)
        onward = point + 8 * np.array([np.cos(heading), np.sin(heading)])
        cv2.line(mask, _point(point), _point(onward), 255, 1)
        point = onward


_DRAW = {"scratch": _scratch, "blowhole": _blowhole, "crack": _crack}


def _point(at: np.ndarray) -> tuple[int, int]:
    return int(at[0]), int(at[1])
