"""Faces that nobody has: drawn with light, skin, hair and a camera's faults, for tests."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SIDE = 320


@dataclass(frozen=True)
class Person:
    """What stays the same in every photo of one invented person; lengths in eye distances."""

    skin: np.ndarray
    hair: np.ndarray
    iris: np.ndarray
    lips: np.ndarray
    wide: float
    chin: float
    brow: float
    nose: float
    mouth: float
    eye: float
    fringe: float
    moles: np.ndarray


def person(seed: int) -> Person:
    """The invented person of a number."""
    rng = np.random.default_rng([seed, 1])
    tone = rng.uniform(0.35, 1.0)
    return Person(
        skin=np.array([0.55, 0.68, 0.90]) * tone + rng.normal(0, 0.02, 3),
        hair=np.array([0.08, 0.09, 0.11]) + rng.uniform(0, 0.35) * rng.uniform(0.2, 1, 3),
        iris=np.array([0.12, 0.18, 0.28]) * rng.uniform(0.5, 2.2, 3),
        lips=np.array([0.36, 0.34, 0.72]) * (0.5 + tone / 2) + rng.normal(0, 0.03, 3),
        wide=rng.uniform(1.0, 1.2),
        chin=rng.uniform(1.65, 1.95),
        brow=rng.uniform(0.30, 0.42),
        nose=rng.uniform(0.20, 0.30),
        mouth=rng.uniform(0.36, 0.48),
        eye=rng.uniform(0.19, 0.25),
        fringe=rng.uniform(0.65, 1.05),
        moles=rng.uniform([-0.8, -0.4], [0.8, 1.5], (int(rng.integers(0, 5)), 2)),
    )


def photo(who: Person, seed: int) -> np.ndarray:
    """A photo of a person (320 x 320 x 3, blue, green, red), the same for the same number."""
    rng = np.random.default_rng([seed, 2])
    unit = rng.uniform(44, 66)
    turn, centre = rng.normal(0, 0.12), SIDE / 2 + rng.normal(0, 12, 2) - np.array([0, 22])
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    dx, dy = (x - centre[0]) / unit, (y - centre[1]) / unit
    u = dx * np.cos(turn) + dy * np.sin(turn)
    v = -dx * np.sin(turn) + dy * np.cos(turn)
    u = u + rng.normal(0, 0.07) * (1 - u**2)
    image = _background(rng)
    image = _body(image, who, u, v, rng)
    lit = _light(_relief(who, u, v), rng, unit)
    image = _face(image, who, u, v, lit, rng)
    return _camera(image, rng)


def _smooth(shape, scale, rng):
    small = rng.normal(0, 1, (max(2, int(shape[0] / scale)), max(2, int(shape[1] / scale))))
    return cv2.resize(small.astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)


def _edge(distance, soft):
    """1 inside, 0 outside of where ``distance`` is 0."""
    return 1 / (1 + np.exp(np.clip(distance / soft, -40, 40)))


def _background(rng):
    out = np.zeros((SIDE, SIDE, 3), np.float32) + rng.uniform(0.1, 0.8, 3)
    for scale in (90, 40, 12, 4):
        out += _smooth((SIDE, SIDE), scale, rng)[..., None] * rng.uniform(0, 0.1, 3)
    for _ in range(int(rng.integers(2, 14))):
        a, b = rng.integers(0, SIDE, (2, 2))
        shade = rng.uniform(0, 1, 3).tolist()
        if rng.random() < 0.5:
            cv2.rectangle(out, a.tolist(), b.tolist(), shade, -1)
        else:
            cv2.circle(out, a.tolist(), int(rng.integers(5, 60)), shade, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(out, (0, 0), rng.uniform(0.6, 6))


def _body(image, who, u, v, rng):
    strands = _smooth((SIDE, SIDE), 1.3, rng)
    strands = cv2.GaussianBlur(strands, (1, 9), sigmaX=0.5, sigmaY=4)
    hair = np.clip(who.hair * (1 + 0.9 * strands[..., None]), 0, 1)
    long = rng.uniform(0.2, 2.4)
    cap = np.hypot(u / (who.wide * 1.25), (v - 0.1) / 1.85) - 1
    image += (hair - image) * _edge(
        np.minimum(cap, np.maximum(np.maximum(abs(u) - 1.3, v - long - 0.6), -0.1 - v)), 0.03
    )[..., None]
    neck = np.maximum(abs(u) - 0.62, np.maximum(0.9 - v, v - 2.9))
    image += (who.skin * 0.72 - image) * _edge(neck, 0.04)[..., None]
    cloth = rng.uniform(0.05, 0.95, 3) * (1 + 0.1 * _smooth((SIDE, SIDE), 2, rng)[..., None])
    shoulders = 2.35 + 0.25 * u**2 - v
    return image + (cloth - image) * _edge(shoulders, 0.03)[..., None]


def _relief(who, u, v):
    def bump(at, size, height):
        return height * np.exp(-(((u - at[0]) / size[0]) ** 2) - ((v - at[1]) / size[1]) ** 2)

    oval = 1 - (u / (who.wide * 1.15)) ** 2 - ((v - 0.45) / (who.chin + 0.2)) ** 2
    relief = 1.1 * np.sqrt(np.maximum(oval, 0.02))
    relief += bump((0, 0.45), (0.13, 0.42), 0.22) + bump((0, 0.66), (who.nose, 0.14), 0.22)
    for side in (-0.5, 0.5):
        relief += bump((side, 0.02), (0.3, 0.16), -0.16) + bump(
            (side, -who.brow), (0.34, 0.1), 0.07
        )
        relief += bump((side * 1.35, 0.6), (0.32, 0.28), 0.1)
    return (
        relief + bump((0, 1.1), (0.4, 0.14), 0.08) + bump((0, who.chin - 0.25), (0.3, 0.2), 0.1)
    )


def _light(relief, rng, unit):
    relief = cv2.GaussianBlur(relief.astype(np.float32), (0, 0), 1.5) * unit
    gy, gx = np.gradient(relief)
    normal = np.dstack([-gx, -gy, np.ones_like(gx)])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    towards = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.8, 0.1), 1.0])
    towards /= np.linalg.norm(towards)
    spread = np.maximum(normal @ towards, 0)
    half = towards + np.array([0, 0, 1.0])
    glossy = np.maximum(normal @ (half / np.linalg.norm(half)), 0) ** rng.uniform(12, 50)
    ambient = rng.uniform(0.25, 0.6)
    return ambient + (1.1 - ambient) * spread, glossy * rng.uniform(0.0, 0.25)


def _face(image, who, u, v, lit, rng):
    shade, glossy = lit
    skin = np.ones((SIDE, SIDE, 3), np.float32) * who.skin
    for scale, amount in ((30, 0.03), (8, 0.02), (2.5, 0.025), (1.2, 0.03)):
        skin *= (
            1 + amount * rng.uniform(0.4, 1.3) * _smooth((SIDE, SIDE), scale, rng)[..., None]
        )
    cheeks = sum(
        np.exp(-(((u - s) / 0.3) ** 2) - ((v - 0.65) / 0.3) ** 2) for s in (-0.68, 0.68)
    )
    skin *= 1 - cheeks[..., None] * np.array([0.16, 0.14, 0.0]) * rng.uniform(0, 1)
    for at in who.moles:
        skin *= 1 - 0.6 * _edge(np.hypot(u - at[0], v - at[1]) - 0.025, 0.008)[..., None]
    painted = _features(skin, who, u, v, rng)
    painted = painted * shade[..., None] + glossy[..., None]
    width = who.wide * np.where(
        v > 0.45,
        np.sqrt(np.clip(1 - (np.maximum(v - 0.45, 0) / (who.chin - 0.4)) ** 2.2, 0.001, 1)),
        1,
    )
    jaw = np.maximum(abs(u) - width, np.maximum(v - who.chin, -v - 1.35 + 0.3 * u**2))
    ears = np.hypot((abs(u) - who.wide) / 0.13, (v - 0.25) / 0.33) - 1
    out = image + (who.skin * 0.8 * shade[..., None] - image) * _edge(ears, 0.1)[..., None]
    out = out + (painted - out) * _edge(jaw, 0.025)[..., None]
    strands = cv2.GaussianBlur(_smooth((SIDE, SIDE), 1.3, rng), (1, 9), sigmaX=0.5, sigmaY=4)
    fringe = v + who.fringe - 0.15 * np.cos(u * 3) - 0.04 * strands
    return (
        out
        + (who.hair * (1 + 0.8 * strands[..., None]) - out)
        * (_edge(fringe, 0.03) * _edge(jaw, 0.05))[..., None]
    )


def _features(skin, who, u, v, rng):
    out = skin
    gaze, open_ = rng.normal(0, 0.03, 2), who.eye * rng.uniform(0.75, 1.1)
    for side in (-0.5, 0.5):
        a, b = u - side, v
        lid = np.hypot(a / 0.27, b / open_ * 1.6) - 1
        white = np.maximum(lid, -1)
        inside = _edge(white, 0.06)[..., None]
        out = out + (np.array([0.86, 0.88, 0.9]) - out) * inside
        r = np.hypot(a - gaze[0], b - gaze[1])
        fibres = 1 + 0.3 * np.sin(np.arctan2(b - gaze[1], a - gaze[0]) * 40)
        out = (
            out
            + (who.iris * fibres[..., None] - out) * inside * _edge(r - 0.12, 0.012)[..., None]
        )
        out = out + (0.02 - out) * inside * _edge(r - 0.055, 0.01)[..., None]
        spark = _edge(np.hypot(a - gaze[0] + 0.04, b - gaze[1] + 0.04) - 0.022, 0.008)
        out = out + (0.98 - out) * inside * spark[..., None]
        lash = np.exp(-((lid / 0.13) ** 2)) * (0.9 * (b < 0.02) + 0.35 * (b >= 0.02))
        out = out * (1 - 0.8 * lash[..., None])
        fold = np.exp(-(((b + open_ * 0.62 + 0.06 - 0.5 * a**2) / 0.02) ** 2)) * (abs(a) < 0.27)
        out = out * (1 - 0.25 * fold[..., None])
        arch = b + who.brow - 0.35 * (a + 0.1 * np.sign(side)) ** 2 + 0.02
        hairs = 0.7 + 0.5 * _smooth((SIDE, SIDE), 1.5, rng)
        brow = (
            np.exp(-((arch / 0.055) ** 2)) * _edge(abs(a) - 0.33, 0.03) * np.clip(hairs, 0, 1)
        )
        out = out + (who.hair * 0.8 - out) * brow[..., None] * 0.9
        nostril = np.hypot((u - side * who.nose * 1.0) / 0.075, (v - 0.76) / 0.04) - 1
        out = out * (1 - 0.65 * _edge(nostril, 0.25)[..., None])
    smile = rng.uniform(-0.02, 0.1)
    line = v - 1.14 + smile * (u / who.mouth) ** 2
    thick = np.sqrt(np.clip(1 - (u / who.mouth) ** 2, 0, 1))
    lips = np.maximum(
        line - 0.13 * thick, -line - 0.10 * thick * (1 - 0.25 * np.exp(-((u / 0.08) ** 2)))
    )
    lips = np.maximum(lips, abs(u) - who.mouth)
    streaks = 1 + 0.06 * _smooth((SIDE, SIDE), 1.6, rng)[..., None]
    out = out + (who.lips * streaks - out) * _edge(lips, 0.02)[..., None]
    gap = np.exp(-((line / 0.016) ** 2)) * _edge(abs(u) - who.mouth, 0.03)
    return out * (1 - 0.75 * gap[..., None])


def _camera(image, rng):
    image = np.clip(image * rng.uniform(0.75, 1.15), 0, 1) ** rng.uniform(1.0, 1.3)
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), rng.uniform(0.35, 1.0))
    light, dark = rng.uniform(0.002, 0.03), rng.uniform(0.001, 0.015)
    raw = image + rng.normal(0, 1, image.shape) * np.sqrt(light**2 * image + dark**2)
    # One colour a pixel, as a sensor sees it; the others are guessed from its neighbours.
    mosaic = raw[..., 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = raw[0::2, 0::2, 2], raw[1::2, 1::2, 0]
    whole = cv2.demosaicing(
        np.clip(mosaic * 65535, 0, 65535).astype(np.uint16), cv2.COLOR_BayerBG2BGR
    )
    out = np.clip(whole / 65535.0, 0, 1) ** (1 / rng.uniform(1.0, 1.5))
    out = np.clip(out * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        soft = cv2.GaussianBlur(out, (0, 0), 1.0)
        out = cv2.addWeighted(out, 1.5, soft, -0.5, 0)
    return out
