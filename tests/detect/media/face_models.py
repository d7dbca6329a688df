"""The real models of faces and real faces for tests; skipped where neither can be had."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import cv2
import pytest

from dashboards.weights import NotFetchedError, fetch
from detect.media.weights import SFACE, YUNET

PHOTOS = Path(__file__).resolve().parents[4] / "shared/data/images/mesonet/test_images"
KEPT = Path(os.environ.get("JIKIMI_TEST_MODELS", Path.home() / ".cache" / "jikimi-test-models"))


@lru_cache(maxsize=1)
def folder() -> Path:
    """A folder with both models, fetched once a machine."""
    try:
        for weights in (YUNET, SFACE):
            fetch(KEPT, weights)
    except (NotFetchedError, OSError) as error:
        pytest.skip(f"the models of faces cannot be had: {error}")
    return KEPT


def photo(name: str) -> Path:
    path = PHOTOS / name
    if not path.is_file():
        pytest.skip("../shared/data is absent")
    return path


def picture(name: str):
    return cv2.imread(str(photo(name)))
