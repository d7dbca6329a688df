"""Real pictures and clips, read where they lie: variants come into one family, others do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stream.media.world import World

IMAGES = Path(__file__).resolve().parents[4] / "shared/data/images"
OTHERS = ("imagededup/base_images_ukbench00120.jpg", "imagehash_peppers.png")


@pytest.mark.skipif(not IMAGES.is_dir(), reason="../shared/data is absent")
def test_pictures_and_clips_are_grouped_rightly(tmp_path):
    files = [*sorted(IMAGES.glob("pdq_bridge_mods/*.jpg"))]
    files += [*sorted(IMAGES.glob("tmk_videos/*.mp4")), *(IMAGES / name for name in OTHERS)]
    world = World(tmp_path)
    for number, file in enumerate(files):
        world.web.pages[file.as_uri()] = file.read_bytes()
        world.take(world.post(number, file.as_uri()))
        world.work()
    families: dict[str, set[str]] = {}
    for number, file in enumerate(files):
        kind = file.parent.name if file.name not in OTHERS else file.name
        kind = file.name if file.parent.name == "imagededup" else kind
        families.setdefault(kind, set()).add(world.family(number))
    assert all(len(ids) == 1 for ids in families.values())
    assert len(set.union(*families.values())) == len(families)
    world.stage.close()
