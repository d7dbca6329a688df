"""What people do to a picture before they post it again, as seeded transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Transform = Callable[[Picture, np.random.Generator, Sequence[Picture]], Picture]

_WORDS = ("LOOK AT THIS", "omg", "leaked!!", "real or not", "wait for it", "RT NOW")
_TALLEST = 900
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)


def _picture(values: Any) -> Picture:
    return np.asarray(np.clip(np.asarray(values), 0, 255), np.uint8)


def _resized(image: Picture, width: int, height: int) -> Picture:
    size = (max(8, width), max(8, height))
    shrinks = size[0] < image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return _picture(cv2.resize(image, size, interpolation=how))


def _below(rng: np.random.Generator, end: int) -> int:
    return int(rng.integers(end))


def jpeg(quality: int) -> Transform:
    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return _picture(cv2.imdecode(data, cv2.IMREAD_COLOR))

    return apply


def webp(quality: int) -> Transform:
    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        data = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])[1]
        return _picture(cv2.imdecode(data, cv2.IMREAD_COLOR))

    return apply


def scale(factor: float) -> Transform:
    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        height, width = image.shape[:2]
        return _resized(image, round(width * factor), round(height * factor))

    return apply


def aspect(factor: float) -> Transform:
    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        height, width = image.shape[:2]
        return _resized(image, round(width * factor), height)

    return apply


def crop(left: float, top: float, right: float, bottom: float) -> Transform:
    """Shares of the picture cut off at each side."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        height, width = image.shape[:2]
        x, y = round(width * left), round(height * top)
        return image[y : height - round(height * bottom), x : width - round(width * right)]

    return apply


def random_crop(kept: float) -> Transform:
    """A part somewhere, of this share of each side."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del others
        height, width = image.shape[:2]
        h, w = round(height * kept), round(width * kept)
        y, x = _below(rng, height - h + 1), _below(rng, width - w + 1)
        return image[y : y + h, x : x + w]

    return apply


def border(share: float, colour: tuple[int, int, int]) -> Transform:
    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        edge = round(max(image.shape[:2]) * share)
        return _picture(
            cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=colour)
        )

    return apply


def letterbox(ratio: float, *, blurred: bool) -> Transform:
    """Into a frame of this height over width, the rest black or a blurred enlargement."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        height, width = image.shape[:2]
        tall = max(height, round(width * ratio))
        wide = max(width, round(tall / ratio))
        if blurred:
            frame = cv2.GaussianBlur(_resized(image, wide, tall), (0, 0), max(tall, wide) / 40)
        else:
            frame = np.zeros((tall, wide, 3), np.uint8)
        frame = _picture(frame)
        y, x = (tall - height) // 2, (wide - width) // 2
        frame[y : y + height, x : x + width] = image
        return frame

    return apply


def text(share: float, lines: int, place: float) -> Transform:
    """Words over the picture, in letters of this share of its height."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del others
        out = image.copy()
        height = image.shape[0]
        size = height * share / 25
        for line in range(lines):
            words = str(rng.choice(_WORDS))
            font = int(rng.choice(_FONTS))
            at = (
                round(image.shape[1] * 0.05),
                round(height * (place + 1.3 * share * (line + 1))),
            )
            thick = max(2, round(size * 2))
            cv2.putText(out, words, at, font, size, (0, 0, 0), thick * 3, cv2.LINE_AA)
            cv2.putText(out, words, at, font, size, (255, 255, 255), thick, cv2.LINE_AA)
        return out

    return apply


def caption(share: float, *, below: bool, dark: bool) -> Transform:
    """A bar with words above or below the picture."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        height, width = image.shape[:2]
        bar = np.full((round(height * share), width, 3), 15 if dark else 255, np.uint8)
        ink = (240, 240, 240) if dark else (0, 0, 0)
        words = str(rng.choice(_WORDS))
        at = (round(width * 0.04), round(bar.shape[0] * 0.65))
        cv2.putText(bar, words, at, _FONTS[1], bar.shape[0] / 55, ink, 2, cv2.LINE_AA)
        del others
        return _picture(np.vstack([image, bar] if below else [bar, image]))

    return apply


def sticker(share: float, count: int) -> Transform:
    """Drawn shapes that together hide about ``share`` of the picture."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del others
        out = image.copy()
        height, width = image.shape[:2]
        radius = round((share * height * width / count / np.pi) ** 0.5)
        for _ in range(count):
            at = (_below(rng, width), _below(rng, height))
            colour = [int(rng.integers(256)) for _ in range(3)]
            cv2.circle(out, at, radius, colour, -1, cv2.LINE_AA)
            cv2.circle(out, at, radius * 2 // 3, (255, 255, 255), max(2, radius // 8))
        return out

    return apply


def mirror(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
    del rng, others
    return _picture(cv2.flip(image, 1))


def rotate(degrees: float, *, trimmed: bool) -> Transform:
    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        out = _picture(cv2.warpAffine(image, matrix, (width, height)))
        if trimmed:
            edge = abs(np.tan(np.radians(degrees))) / 2 + 0.01
            y, x = round(width * edge), round(height * edge)
            out = out[y : height - y, x : width - x]
        return out

    return apply


def quarter_turn(
    image: Picture, rng: np.random.Generator, others: Sequence[Picture]
) -> Picture:
    del rng, others
    return _picture(cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE))


def tone(gain: tuple[float, float, float], gamma: float, saturation: float) -> Transform:
    """Blue, green and red multiplied, a curve, and more or less colour."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        values = (image / 255.0) ** gamma * 255.0 * np.array(gain)
        gray = values.mean(axis=2, keepdims=True)
        return _picture(gray + (values - gray) * saturation)

    return apply


def blur(sigma: float) -> Transform:
    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del rng, others
        return _picture(cv2.GaussianBlur(image, (0, 0), sigma))

    return apply


def noise(sigma: float) -> Transform:
    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del others
        return _picture(image + rng.normal(0, sigma, image.shape))

    return apply


def sharpened(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
    del rng, others
    soft = cv2.GaussianBlur(image, (0, 0), 2)
    return _picture(image * 2.0 - np.asarray(soft))


def _lines(canvas: Picture, box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """Grey bars that look like text from afar."""
    x, y, width, height = box
    line = max(6, height // 12)
    for top in range(y, y + height - line, 2 * line):
        length = int(width * rng.uniform(0.4, 1.0))
        shade = int(rng.integers(90, 190))
        cv2.rectangle(canvas, (x, top), (x + length, top + line), (shade, shade, shade), -1)


def phone(width: int, height: int, top: float, *, dark: bool) -> Transform:
    """A screenshot of an app on a phone: bars, an avatar, text, the picture across."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del others
        canvas = np.full((height, width, 3), 20 if dark else 250, np.uint8)
        inner = width - 2 * round(width * 0.03)
        tall = min(round(inner * image.shape[0] / image.shape[1]), round(height * 0.62))
        wide = round(tall * image.shape[1] / image.shape[0])
        y, x = round(height * top), (width - wide) // 2
        _lines(canvas, (round(width * 0.18), round(height * 0.05), inner * 2 // 3, y // 2), rng)
        cv2.circle(canvas, (width // 11, y * 2 // 3), width // 22, (160, 90, 60), -1)
        canvas[y : y + tall, x : x + wide] = _resized(image, wide, tall)
        below = y + tall + round(height * 0.02)
        _lines(canvas, (round(width * 0.05), below, inner, (height - below) * 2 // 3), rng)
        return canvas

    return apply


def desktop(share: float) -> Transform:
    """A screenshot of a browser: the picture takes ``share`` of the width."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        canvas = np.full((1080, 1920, 3), 245, np.uint8)
        cv2.rectangle(canvas, (0, 0), (1920, 90), (210, 205, 200), -1)
        wide = round(1920 * share)
        tall = round(wide * image.shape[0] / image.shape[1])
        if tall > _TALLEST:
            wide, tall = round(wide * _TALLEST / tall), _TALLEST
        y, x = 120, int(rng.integers(200, 1920 - wide - 200))
        canvas[y : y + tall, x : x + wide] = _resized(image, wide, tall)
        _lines(canvas, (x, y + tall + 20, wide, max(60, 1060 - y - tall)), rng)
        _lines(canvas, (30, 150, 150, 800), rng)
        for number, other in enumerate(others[:3]):
            at = 130 + 260 * number
            canvas[at : at + 110, 1760:1900] = _resized(other, 140, 110)
        return canvas

    return apply


def side_by_side(width: int, height: int, *, first: bool) -> Transform:
    """Beside another picture, both filling their half."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        halves = [_filled(image, width // 2, height), _filled(others[0], width // 2, height)]
        del rng
        return _picture(np.hstack(halves if first else halves[::-1]))

    return apply


def _filled(image: Picture, width: int, height: int) -> Picture:
    """Enlarged and cut so that it fills a frame."""
    grow = max(width / image.shape[1], height / image.shape[0])
    grown = _resized(
        image,
        max(width, round(image.shape[1] * grow)),
        max(height, round(image.shape[0] * grow)),
    )
    y, x = (grown.shape[0] - height) // 2, (grown.shape[1] - width) // 2
    return grown[y : y + height, x : x + width]


def collage(rows: int, columns: int, side: int) -> Transform:
    """One of several pictures in a grid."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        count = rows * columns
        cells = [_filled(others[n % len(others)], side, side) for n in range(count)]
        cells[int(rng.integers(0, count))] = _filled(image, side, side)
        return _picture(
            np.vstack([np.hstack(cells[r * columns : (r + 1) * columns]) for r in range(rows)])
        )

    return apply


def meme(share: float) -> Transform:
    """Inside a template that many memes share: frame, words above and below."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        return templated(image, rng, others, share)

    return apply


def templated(
    image: Picture, rng: np.random.Generator, others: Sequence[Picture], share: float
) -> Picture:
    """The template itself, the same for every picture put into it."""
    del rng, others
    fixed = np.random.default_rng(4)
    canvas = np.full((900, 900, 3), (30, 30, 30), np.uint8)
    for _ in range(40):
        at = tuple(int(value) for value in fixed.integers(0, 900, 2))
        colour = tuple(int(value) for value in fixed.integers(0, 256, 3))
        cv2.circle(canvas, at, int(fixed.integers(6, 30)), colour, -1, cv2.LINE_AA)
    cv2.putText(canvas, "NOBODY:", (40, 90), _FONTS[2], 2.2, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.putText(canvas, "ABSOLUTELY NOBODY", (40, 860), _FONTS[2], 2.0, (255, 255, 255), 4)
    side = round(900 * share)
    edge = (900 - side) // 2
    canvas[edge : edge + side, edge : edge + side] = _filled(image, side, side)
    return canvas


def screen_photo(tilt: float) -> Transform:
    """Photographed from a screen: perspective, lines, softness, noise, a dark room."""

    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        del others
        height, width = image.shape[:2]
        shift = rng.uniform(0.2, 1.0, (4, 2)) * tilt * np.array([width, height])
        signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        ends = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        margin = 0.08 * np.array([width, height])
        there = (ends + signs * shift + margin).astype(np.float32)
        size = (round(width * 1.16), round(height * 1.16))
        matrix = cv2.getPerspectiveTransform(ends, there)
        seen = np.asarray(
            cv2.warpPerspective(image, matrix, size, borderValue=(25, 25, 30)), np.float64
        )
        lines = np.sin(np.arange(size[1], dtype=np.float64) * 2 * np.pi / 5.3)
        seen *= 1 + 0.06 * lines[:, None, None]
        soft = np.asarray(cv2.GaussianBlur(seen, (0, 0), 1.1), np.float64)
        return _picture(soft * 0.9 + 12 + rng.normal(0, 5, soft.shape))

    return apply


def chained(*parts: Transform) -> Transform:
    def apply(image: Picture, rng: np.random.Generator, others: Sequence[Picture]) -> Picture:
        for part in parts:
            image = part(image, rng, others)
        return image

    return apply
