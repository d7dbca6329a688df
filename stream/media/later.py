"""What is said anew of pictures that were seen: banks, enrolled people or families changed.

Everything seen is gone through in small steps, between which new pictures are looked at. What
only pixels can tell, such as whose face it is, waits for another look at the file itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stream.banks import Banks
from stream.media.families import related
from stream.media.kin import clip_looks, look_anew
from stream.media.looking import Looker
from stream.media.records import Errand, Verdict
from stream.media.shelf import Shelf
from stream.media.telling import judged, said
from stream.records import LoggedMedia

ANEW_AT_ONCE = 200
EDITION, PEOPLE = "edition", "people"


class Later:
    """Compares what was seen with what is known now; one thread."""

    def __init__(self, shelf: Shelf, looker: Looker, banks: Banks) -> None:
        self._shelf = shelf
        self._looker = looker
        self._banks = banks
        self._edition = -1
        self._after: str | None = None
        self._faces = False

    @property
    def busy(self) -> bool:
        """Whether something that was seen is still to be compared."""
        return self._after is not None

    def refresh(self) -> None:
        """Take banks and enrolled people as they are now."""
        edition = self._banks.edition()
        if edition != self._edition:
            self._looker.known = self._banks.snapshot()
            self._edition = edition
            if self._shelf.meta(EDITION) != str(edition).encode():
                self._after = ""
        first = self._shelf.meta(PEOPLE)
        if self._looker.refresh() or first is None or first != self._people():
            if first is None:
                self._shelf.set_meta(PEOPLE, self._people())
            elif not self._faces:
                self._faces, self._after = True, ""

    def _people(self) -> bytes:
        return str(self._looker.enrolled).encode()

    def step(self) -> bool:
        """Compare a few pictures that were seen earlier; False when there is nothing to do."""
        if self._after is None:
            return False
        pictures = self._shelf.pictures(self._after, ANEW_AT_ONCE)
        with self._shelf.change():
            touched: dict[str, None] = {}
            for held, look in pictures:
                if self._faces and held.faces:
                    look_anew(self._shelf, held.sha256)
                if held.frames:
                    looks = clip_looks(self._shelf, held.sha256)
                    matches = self._looker.matches_of_clip(held, looks)
                else:
                    matches = self._looker.matches(held, look)
                if matches != held.matches:
                    now = msgspec.structs.replace(held, matches=matches)
                    touched.update(dict.fromkeys(self._moved(held, now)))
            self.say_again(list(touched))
            self._after = pictures[-1][0].sha256 if pictures else None
            if self._after is None:
                self._faces = False
                self._shelf.set_meta(EDITION, str(self._edition).encode())
                self._shelf.set_meta(PEOPLE, self._people())
        return True

    def _moved(self, held: Verdict, now: Verdict) -> tuple[str, ...]:
        """Write what is known now; variants of one original come into one family."""
        references = related(now.matches)
        family = self._shelf.family_of(references) or held.family
        self._shelf.belongs(references, family)
        how = held.found_by if family == held.family else "original"
        self._shelf.revise(msgspec.structs.replace(now, family=family, found_by=how))
        return held.family, family

    def say_again(self, families: Sequence[str], but: str = "") -> None:
        """Tell the posts of families anew where something about them has changed."""
        for family in families:
            everything = self._shelf.family(family)
            by_hash = {one.sha256: one for one in everything if one.sha256 != but}
            bad = any(is_bad(one) for one in everything)
            for post_id in self._shelf.posts_of(by_hash):
                before = self._shelf.told(post_id)
                if before is not None:
                    self._revised(before, by_hash, bad=bad)

    def _revised(self, before: LoggedMedia, known: dict[str, Verdict], *, bad: bool) -> None:
        made = [
            judged(one, known[one.sha256], sexual_from=self._looker.sexual_from, family_bad=bad)
            if one.sha256 in known
            else one
            for one in before.findings
        ]
        errand = Errand(
            post_id=before.post_id, account=before.account, platform="", at=0, urls=()
        )
        told = said(errand, made, before)
        if told is not None:
            self._shelf.tell(told, partial=any(one.partial for one in made))


def is_bad(verdict: Verdict) -> bool:
    """Whether it is known harm, or a variant of some."""
    return any(one.kind == "known_bad" for one in verdict.matches)
