"""The demo's pictures: invented official portraits, and what others make of one of them.

Everything is drawn here, from numbers alone; nobody is shown. What is posted stands under
addresses in ``.example``, and nothing is fetched: the demo draws what stands there.
"""

# Measures of a drawing read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from dashboards.demo import rhythm
from dashboards.demo.noise import seen
from dashboards.demo.population import new_account
from dashboards.demo.writing import Staged, write_post
from ingest.media.addresses import RefusedError, url_key
from ingest.media.fetching import Fetched
from ingest.records import Media, Post

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from detect.media.examined import Raster
    from ingest.media.together import Outcome

    Picture = NDArray[np.uint8]

PICTURE = "picture"
"""The oracle's word for posts that show an official picture, changed or not."""
HOST = "https://pictures.dalsup-demo.example/"
BANK = "official photos"
PORTRAITS = ("haruel-concept-1", "nabiel-concept-1")
SIDE = (600, 480)

POSTS: tuple[tuple[str, str, str, str], ...] = (
    ("x", "ko", "whole", "하루엘 새 컨셉 포토 나왔다 진짜 예쁘다"),
    ("bluesky", "en", "small", "new Haruel concept photo, saving this one"),
    ("x", "ko", "face", "하루엘 원래 얼굴은 이거라던데"),
    ("x", "en", "face_small", "is this Haruel without the filter"),
    ("bluesky", "ko", "face_cropped", "하루엘 이 사진 뭐야"),
    ("x", "ko", "face_mirrored", "하루엘 사진 또 돈다"),
    ("reddit", "en", "face_captioned", "Haruel photo going around today"),
    ("x", "en", "cropped", "Haruel's eyes in this photo"),
    ("bluesky", "ja", "captioned", "ハルエル 待ち受けにした"),
    ("x", "ko", "face_again", "하루엘 이거 보정 전이라고 올라옴"),
)
"""Platform, language, variant and words; the order is that of time."""


def posted(rng: Random, at: int) -> list[Staged]:
    """Fans pass an official portrait on; others post it with another face."""
    staged: list[Staged] = []
    for number, (platform, lang, variant, text) in enumerate(POSTS):
        account = new_account(
            rng, lang=lang, platform=platform, loyal="velloria",
            born=at - int((200 + 900 * rng.random()) * rhythm.DAY_MS),
            followers=int(20 + 3000 * rng.random()),
        )  # fmt: skip
        when = at + int((number + rng.random() * 0.5) * 11 * rhythm.MINUTE_MS)
        container = "popclub" if platform == "reddit" else None
        post = with_picture(write_post(rng, account, when, text, container=container), variant)
        staged += seen(rng, post, PICTURE, may_change=False)
    return staged


def with_picture(post: Post, variant: str) -> Post:
    """The post with a variant of the first portrait."""
    import msgspec

    url = f"{HOST}{variant}.jpg"
    return msgspec.structs.replace(post, media=(Media(url=url, mime="image/jpeg"),))


def portrait(seed: int) -> Picture:
    """An invented person in front of an invented stage, 600 x 480 pixels."""
    import cv2
    import numpy as np

    height, width = SIDE
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [
        np.sin(x / (30 + 9 * n) + seed + n) + np.cos(y / (24 + 7 * n) - n) for n in range(3)
    ]
    image = np.stack([110 + 45 * wave for wave in waves], axis=2).clip(0, 255).astype(np.uint8)
    for _ in range(170):
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        colour = tuple(int(value) for value in rng.integers(30, 250, 3))
        size = int(rng.integers(3, 17))
        if rng.random() < 0.5:
            cv2.circle(image, at, size, colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(image, at, (at[0] + 2 * size, at[1] + size), colour, -1)
    cv2.ellipse(image, (240, 560), (190, 170), 0, 0, 360, (150, 60 + 30 * seed % 120, 70), -1)
    cv2.ellipse(image, (240, 250), (118, 150), 0, 0, 360, (40, 30, 50), -1)
    _face(image, skin=(178, 205, 236), eyes=232, mouth=(96, 84, 190))
    for _ in range(60):
        at = (int(rng.integers(60, 420)), int(rng.integers(430, 600)))
        cv2.circle(image, at, int(rng.integers(2, 7)), (235, 235, 245), -1, cv2.LINE_AA)
    return image


def another_face(image: Picture) -> Picture:
    """The same picture with a face that is not the one that was there."""
    out = image.copy()
    _face(out, skin=(120, 150, 205), eyes=214, mouth=(40, 40, 120))
    import cv2

    for at in ((205, 262), (276, 270), (240, 205), (228, 300)):
        cv2.circle(out, at, 11, (60, 80, 150), -1, cv2.LINE_AA)
    return out


def _face(
    image: Picture, *, skin: tuple[int, int, int], eyes: int, mouth: tuple[int, int, int]
) -> None:
    import cv2

    cv2.ellipse(image, (240, 262), (88, 112), 0, 0, 360, skin, -1, cv2.LINE_AA)
    for place in (205, 275):
        cv2.ellipse(image, (place, eyes), (19, 11), 0, 0, 360, (250, 250, 250), -1, cv2.LINE_AA)
        cv2.circle(image, (place, eyes), 9, (60, 40, 30), -1, cv2.LINE_AA)
        cv2.line(image, (place - 22, eyes - 24), (place + 22, eyes - 26), (40, 30, 40), 5)
    cv2.line(image, (240, 250), (232, 290), (130, 150, 190), 4, cv2.LINE_AA)
    cv2.ellipse(image, (240, 326), (34, 13), 0, 0, 360, mouth, -1, cv2.LINE_AA)


def cropped(image: Picture) -> Picture:
    """Without its edges."""
    return image[60:470, 60:430].copy()


def captioned(image: Picture) -> Picture:
    """With a bar of words below."""
    import cv2
    import numpy as np

    out = np.vstack([image, np.zeros((90, image.shape[1], 3), np.uint8)])
    cv2.putText(
        out, "HARUEL 0814", (40, 655), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (255, 255, 255), 3
    )
    return out


def small(image: Picture) -> Picture:
    """As a platform's thumbnail."""
    import cv2
    import numpy as np

    return np.asarray(cv2.resize(image, (360, 450), interpolation=cv2.INTER_AREA), np.uint8)


def mirrored(image: Picture) -> Picture:
    """Left to right."""
    return image[:, ::-1].copy()


def same(image: Picture) -> Picture:
    """As it is; encoded anew."""
    return image


VARIANTS: dict[str, tuple[bool, Callable[[Picture], Picture], int]] = {
    "whole": (False, same, 88),
    "small": (False, small, 80),
    "cropped": (False, cropped, 84),
    "captioned": (False, captioned, 82),
    "face": (True, same, 86),
    "face_again": (True, same, 60),
    "face_small": (True, small, 78),
    "face_cropped": (True, cropped, 82),
    "face_mirrored": (True, mirrored, 80),
    "face_captioned": (True, captioned, 75),
}
"""By name: whether the face was changed, what was done besides, quality of the JPEG."""


class DrawnPictures:
    """Stands for the fetcher: draws what a post shows; there is nothing else to fetch."""

    def fetch_all(self, urls: Sequence[str], /) -> list[Outcome]:
        """A picture for each address of the demo's own host."""
        return [self._one(url) for url in urls]

    @staticmethod
    def _one(url: str) -> Outcome:
        name = url.removeprefix(HOST).removesuffix(".jpg")
        if name not in VARIANTS:
            return RefusedError("the demo draws no picture for this address")
        changed, variant, quality = VARIANTS[name]
        picture = portrait(1)
        picture = another_face(picture) if changed else picture
        return Fetched(url_key(url), encoded(variant(picture), quality), "image/jpeg")


class Harmless:
    """Stands for the model of the gate: what the demo draws itself is known to be harmless."""

    version = "drawn by the demo/1"

    def score(self, raster: Raster, /) -> float:
        """Always 0."""
        del raster
        return 0.0


def encoded(picture: Picture, quality: int) -> bytes:
    """As a JPEG file."""
    import cv2

    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("a drawn picture cannot be encoded")
    return data.tobytes()


def fill_bank(folder: Path, now: int) -> None:
    """Bank the official portraits, as the agency would with ``jikimi bank build``."""
    from detect.media.cage import Cage
    from detect.media.caged import REFERENCE
    from stream.banks import BANKS_FILE, Banks, Reference

    with Banks(folder / BANKS_FILE) as banks, Cage() as cage:
        if banks.references(BANK):
            return
        banks.create(BANK, "official", who="demo", now=now)
        for seed, name in enumerate(PORTRAITS, 1):
            seen_ = cage.examine(encoded(portrait(seed), 95), REFERENCE)
            if seen_.pdq is None or seen_.look is None:
                raise ValueError(f"the drawn picture {name} cannot be read: {seen_.error}")
            one = Reference(
                reference_id="", bank=BANK, kind="official", pdq=seen_.pdq,
                quality=seen_.quality, label=f"{name}.jpg", note="drawn by the demo",
            )  # fmt: skip
            banks.add([one], who="demo", now=now, looks={seen_.pdq: seen_.look})
