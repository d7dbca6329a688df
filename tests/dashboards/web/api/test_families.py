"""Families of pictures by the API: the same as on their page."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dashboards.composing.compose import INDEX_FOLDER
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from stream.media.previews import Previews
from stream.media.shelf import Shelf
from tests.dashboards.web.api.conftest import Ask, Asked
from tests.picture_samples import FOUND, JUDGED

HOSTILE = "<script>\u202e\ud83d"


def finding(number: int, family: str, **changes: object):
    return msgspec.structs.replace(
        JUDGED, finding_id=f"fi_{number}", post_id=f"x:{number}", account=f"x:a{number}",
        at=FOUND.at + number * 60_000, family=family, sha256=f"{number:064x}", **changes,
    )  # fmt: skip


@pytest.fixture
def api(tmp_path: Path, ask: Ask) -> Asked:
    found = [
        finding(1, "fam_1"),
        finding(2, "fam_1", severity="", reasons=("official_copy",)),
        finding(3, "fam_2", subject="other", forgery_band="", faces=None),
        finding(4, "", problem="the server answers 404"),
        # A member's picture is found for the group too.
        msgspec.structs.replace(finding(1, "fam_1"), finding_id="fi_group", subject="group"),
    ]
    index = LocalIndex(tmp_path / INDEX_FOLDER)
    index.write(IndexBatch(checkpoint="one", results=found))
    index.close()
    shelf = Shelf(tmp_path)
    with shelf.change() as db:
        db.execute("INSERT INTO merged VALUES ('fam_0', 'fam_1')")
    shelf.close()
    return ask(tmp_path, previews=Previews(tmp_path))


def got(api: Asked, path: str, **query: object) -> dict:
    answer = api.client.get(f"/api{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(api: Asked, **query: object) -> list[str]:
    return [one["family_id"] for one in got(api, "/families", **query)["items"]]


def test_the_newest_families_come_first_and_what_was_not_seen_is_none(api: Asked):
    assert ids(api) == ["fam_2", "fam_1"]
    assert ids(api, limit=1) == ["fam_2"]
    assert ids(api, subject="seo-haneul") == ["fam_1"]
    assert ids(api, subject="nobody") == []
    assert ids(api, since="9000-01-01T00:00:00Z") == []


def test_one_from_near_has_every_variant_with_what_was_found_and_its_limits(api: Asked):
    found = got(api, "/families/fam_1")
    assert (found["severity"], found["posts"], found["variants"]) == ("high", 2, 2)
    assert found["subjects"] == ["group", "seo-haneul"]
    assert found["reasons"][0] == {"reason": "official_face_altered", "posts": 1}
    first, second = found["items"]
    assert first["forgery"] == {
        "band": "inconclusive", "score": 0.5, "model": "sbi/1",
        "reasons": ["the face is smaller than 80 pixels"],
    }  # fmt: skip
    assert first["matches"][0]["changed"] == [[0.25, 0.25, 0.125, 0.125]]
    assert first["faces"][0]["sure"] is False
    assert second["reasons"] == ["official_copy"]
    assert got(api, "/families/fam_2")["items"][0]["faces"] is None


def test_the_id_of_a_family_that_was_merged_leads_to_the_other(api: Asked):
    assert got(api, "/families/fam_0")["family_id"] == "fam_1"
    page = api.client.get("/families/fam_0", follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/families/fam_1")


@pytest.mark.parametrize("name", ["nobody", "%00", "%ED%A0%80", "x" * 900])
def test_what_is_not_there_is_said(api: Asked, name: str):
    assert api.client.get(f"/api/families/{name}").status_code == 404
