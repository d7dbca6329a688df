"""The page of a family of pictures: lineage, what was changed, limits, and shielded previews."""

from __future__ import annotations

import msgspec
import pytest

from detect.records import PictureFinding, PictureMatch, SeenFace
from stream.index import IndexBatch
from stream.media.previews import Previews
from tests.dashboards.web.memory_index import MemoryIndex
from tests.picture_samples import FOUND, PREVIEW, with_preview

HOSTILE = "<script>alert(1)</script>\u202e"
SHA = "0" * 64


def finding(number: int, **changes) -> PictureFinding:
    made = msgspec.structs.replace(
        FOUND, finding_id=f"fi_{number}", post_id=f"x:{number}", account=f"x:a{number}",
        at=FOUND.at + number * 60_000, family="fam_1",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def filled(*findings: PictureFinding) -> MemoryIndex:
    index = MemoryIndex()
    index.write(IndexBatch(checkpoint="1", results=findings))
    return index


@pytest.fixture
def previews(tmp_path) -> Previews:
    return with_preview(tmp_path)


def test_lineage_and_changed_parts_are_shown_and_what_is_not_proven_is_said(serve) -> None:
    site = serve(filled(finding(1), finding(2, account="x:later", found_by="hash")))
    page = site.browser().get("/families/fam_1")
    assert page.status_code == 200
    assert "Official photo with a changed face" in page.text
    assert "x:a1" in page.text
    assert "x:later" in page.text
    assert '<rect class="changed" x="150.0" y="112.5" width="75.0" height="56.2"/>' in page.text
    assert "proves nothing" in page.text
    assert "concept.jpg" in page.text


def test_the_list_names_what_needs_a_look_and_the_rest_on_demand(serve) -> None:
    quiet = finding(2, family="fam_2", severity="", reasons=(), subject="haneul")
    visitor = serve(filled(finding(1), finding(3), quiet)).browser()

    listed = visitor.get("/families").text
    every = visitor.get("/families?every=1").text
    of_one = visitor.get("/families?every=1&subject=haneul").text

    assert "/families/fam_1" in listed
    assert "Official photo with a changed face" in listed
    assert "/families/fam_2" not in listed
    assert "/families/fam_2" in every
    assert "Nothing speaks against it" in every
    assert "/families/fam_1" not in of_one
    assert "<img" not in every
    assert "<image" not in every


def test_a_list_without_pictures_says_why(serve) -> None:
    visitor = serve(filled()).browser()

    assert "No pictures that need a look" in visitor.get("/families").text
    assert "jikimi doctor" in visitor.get("/families?every=1").text


def test_a_rare_subject_is_found_behind_a_thousand_pictures_of_others(serve) -> None:
    crowd = [finding(n, family=f"fam_{n}") for n in range(2, 1200)]
    rare = finding(1, family="fam_rare", subject="haneul")
    visitor = serve(filled(rare, *crowd)).browser()

    assert "/families/fam_rare" in visitor.get("/families?subject=haneul").text


def test_nothing_that_others_wrote_is_taken_for_markup(serve) -> None:
    match = PictureMatch(reference="r", bank=HOSTILE, kind="official", label=HOSTILE)
    hostile = finding(
        1, account=HOSTILE, problem=HOSTILE, provenance=(("tool", HOSTILE),), matches=(match,),
        reasons=(HOSTILE,), found_by=HOSTILE, gate=HOSTILE, forgery_band=HOSTILE,
        faces=(SeenFace(box=(0, 0, 1, 1), score=1.0, subject=HOSTILE, likeness=0.4),),
    )  # fmt: skip
    visitor = serve(filled(hostile)).browser()
    for path in ("/families", "/families?subject=" + HOSTILE, "/families/fam_1"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text


@pytest.mark.parametrize("path", ["/families/nobody", f"/families/{HOSTILE}", "/families/%00"])
def test_an_unknown_family_is_a_page_that_says_so(serve, path) -> None:
    assert serve(filled()).browser().get(path).status_code == 404


def test_a_preview_is_shown_only_when_asked_for_blurred_and_logged(
    serve, previews, capsys
) -> None:
    site = serve(filled(finding(1)), previews=previews)
    plain = site.browser().get("/families/fam_1")
    assert "<image" not in plain.text
    assert "this is logged" in plain.text
    shown = site.browser().get(f"/families/fam_1?show={SHA}")
    assert f'<image class="shield" href="/previews/{SHA}.jpg"' in shown.text
    picture = site.browser().get(f"/previews/{SHA}.jpg")
    assert picture.content == PREVIEW
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"] == "no-store"
    told = capsys.readouterr()
    line = next(one for one in (told.out + told.err).splitlines() if "preview_shown" in one)
    assert SHA in line
    again = site.browser().get(f"/families/fam_1?show={SHA}").text
    assert "Last shown to:" in again
    assert "Last shown to:" not in plain.text


@pytest.mark.parametrize("name", ["1" * 64, "..%2f..%2fetc", "x", "%00"])
def test_there_is_no_preview_of_anything_else(serve, previews, name) -> None:
    site = serve(filled(finding(1)), previews=previews)
    assert site.browser().get(f"/previews/{name}.jpg").status_code == 404
    assert serve(filled(finding(1))).browser().get(f"/previews/{SHA}.jpg").status_code == 404
