"""Makes a watchlist of public name lists: kpopnet (JSON) and dbkpop (CSV)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from detect.names.romanise import syllable
from detect.text import fold
from detect.watchlist import Subject, Watchlist, WatchlistError
from detect.watchlists.marks import mark

Kind = Literal["idol", "group"]

_US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PIVOT = 40
"""Two-digit years up to this one are of this century."""


class Entry(msgspec.Struct, kw_only=True):
    """A row of a list before it becomes a subject."""

    kind: Kind
    name: str
    hangul: str = ""
    legal: str = ""
    legal_original: str = ""
    born: str = ""
    agency: str = ""
    groups: list[str] = []
    """Names of groups, as the list spells them."""
    others: list[str] = []
    fans: str = ""


def import_lists(files: Mapping[str, bytes]) -> Watchlist:
    """A watchlist of the given files (name -> content); the kind of each is recognised.

    Raises:
        WatchlistError: a file is of no known kind; the message names it.
    """
    entries: list[Entry] = []
    for name, raw in files.items():
        entries.extend(_read(name, raw))
    return mark(_subjects(_merged(entries)))


def _read(name: str, raw: bytes) -> list[Entry]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WatchlistError(f"{name}: found bytes that are not UTF-8") from None
    if text.lstrip().startswith("{"):
        try:
            tree = json.loads(text)
            return _kpopnet(tree)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise WatchlistError(f"{name}: not JSON of the form kpopnet.json has") from None
    rows = list(csv.DictReader(io.StringIO(text)))
    columns = set(rows[0]) if rows else set[str]()
    if {"Stage Name", "K. Stage Name", "Group"} <= columns:
        return [_dbkpop_idol(row) for row in rows if _cell(row, "Stage Name")]
    if {"Name", "Korean Name", "Company"} <= columns:
        return [_dbkpop_group(row) for row in rows if _cell(row, "Name")]
    allowed = "kpopnet.json, dbkpop's list of idols or of groups (CSV)"
    raise WatchlistError(f"{name}: found none of the lists known here, allowed: {allowed}")


def _kpopnet(tree: dict[str, Any]) -> list[Entry]:
    names = {group["id"]: str(group["name"]) for group in tree["groups"]}
    groups = [
        Entry(
            kind="group",
            name=group["name"],
            hangul=group["name_original"] or "",
            agency=group["agency_name"] or "",
            groups=[names[group["parent_id"]]] if group["parent_id"] in names else [],
            others=_listed(group["name_alias"]),
        )
        for group in tree["groups"]
    ]
    idols = [
        Entry(
            kind="idol",
            name=idol["name"],
            hangul=idol["name_original"] or "",
            legal=idol["real_name"] or "",
            legal_original=idol["real_name_original"] or "",
            born=idol["birth_date"] or "",
            groups=[names[key] for key in idol["groups"] or () if key in names],
            others=_listed(idol["name_alias"]),
        )
        for idol in tree["idols"]
    ]
    return groups + idols


def _dbkpop_idol(row: Mapping[str, str | None]) -> Entry:
    groups = [_cell(row, "Group"), *_listed(row.get("Other Group"))]
    return Entry(
        kind="idol",
        name=_cell(row, "Stage Name"),
        hangul=_cell(row, "K. Stage Name"),
        legal=_cell(row, "Full Name"),
        legal_original=_cell(row, "Korean Name"),
        born=_cell(row, "Date of Birth"),
        groups=[group for group in groups if group],
    )


def _dbkpop_group(row: Mapping[str, str | None]) -> Entry:
    return Entry(
        kind="group",
        name=_cell(row, "Name"),
        hangul=_cell(row, "Korean Name"),
        agency=_cell(row, "Company"),
        others=_listed(row.get("Short")),
        fans=_cell(row, "Fanclub Name"),
    )


def _cell(row: Mapping[str, str | None], column: str) -> str:
    return (row.get(column) or "").strip()


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def iso_date(text: str) -> str | None:
    """A date as YYYY-MM-DD: from itself or from 12/31/96; None when it is neither."""
    if _ISO_DATE.fullmatch(text):
        return text
    match = _US_DATE.fullmatch(text)
    if not match:
        return None
    month, day, year = int(match[1]), int(match[2]), int(match[3])
    if len(match[3]) == len("96"):
        year += 2000 if year <= _PIVOT else 1900
    return f"{year:04d}-{month:02d}-{day:02d}"


def _merged(entries: list[Entry]) -> list[Entry]:
    """One entry for each group and person, however many lists and rows name them.

    Two rows are one group when a name, short name or Hangul name agrees; one person
    when the Hangul legal name and the date of birth agree, or stage name and group.
    """
    groups, by_name = _joined([entry for entry in entries if entry.kind == "group"])
    idols = [entry for entry in entries if entry.kind == "idol"]
    for entry in (*groups, *idols):
        known = ((name, by_name.get((_key(name),))) for name in entry.groups)
        entry.groups = list(dict.fromkeys(old.name if old else name for name, old in known))
    return groups + _joined(idols)[0]


def _joined(entries: list[Entry]) -> tuple[list[Entry], dict[tuple[str, ...], Entry]]:
    kept: list[Entry] = []
    by_key: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        keys = _keys(entry)
        old = next((by_key[key] for key in keys if key in by_key), None)
        if old is None:
            kept.append(entry)
        else:
            _join(old, entry)
        for key in keys:
            by_key.setdefault(key, old or entry)
    return kept, by_key


def _keys(entry: Entry) -> list[tuple[str, ...]]:
    if entry.kind == "group":
        names = (entry.name, entry.hangul, *entry.others)
        return [(key,) for key in dict.fromkeys(_key(name) for name in names) if key]
    name = _key(entry.name)
    keys: list[tuple[str, ...]] = [("idol", name, _key(group)) for group in entry.groups]
    born = iso_date(entry.born)
    if born and entry.legal_original:
        keys.append(("person", entry.legal_original, born))
    return keys or [("solo", name, entry.legal_original)]


def _key(name: str) -> str:
    return re.sub(r"[^\w]", "", fold(name))


def _join(old: Entry, new: Entry) -> None:
    for field in ("hangul", "legal", "legal_original", "born", "agency", "fans"):
        if not getattr(old, field):
            setattr(old, field, getattr(new, field))
    old.groups = list(dict.fromkeys((*old.groups, *new.groups)))
    extra = [new.name, new.hangul, *new.others]
    if new.legal_original != old.legal_original:
        extra.append(new.legal_original)
    old.others = list(dict.fromkeys((*old.others, *(text for text in extra if text))))


def _subjects(entries: list[Entry]) -> Watchlist:
    group_ids: dict[str, str] = {}
    taken: set[str] = set()
    for entry in entries:
        if entry.kind == "group":
            group_ids[_key(entry.name)] = _free(slug(entry.name), taken)
    # Some idols name a group that no list describes.
    for entry in list(entries):
        for group in entry.groups:
            if _key(group) not in group_ids:
                group_ids[_key(group)] = _free(slug(group), taken)
                entries.append(Entry(kind="group", name=group))
    subjects: list[Subject] = []
    for entry in entries:
        links = tuple(dict.fromkeys(group_ids[_key(group)] for group in entry.groups))
        if entry.kind == "group":
            subject_id = group_ids[_key(entry.name)]
            links = tuple(link for link in links if link != subject_id)
        else:
            wanted = slug(f"{entry.name} {entry.groups[0]}" if entry.groups else entry.name)
            subject_id = _free(wanted, taken)
        subjects.append(_subject(entry, subject_id, links))
    return Watchlist(subjects=tuple(subjects))


def _subject(entry: Entry, subject_id: str, groups: tuple[str, ...]) -> Subject:
    names: dict[str, list[str]] = {}
    for text in (entry.name, entry.hangul, entry.legal, entry.legal_original):
        if text:
            names.setdefault(_language(text), []).append(text)
    aliases: dict[str, list[str]] = {}
    for text in entry.others:
        listed = aliases.setdefault(_language(text), [])
        if text not in names.get(_language(text), ()) and text not in listed:
            listed.append(text)
    return Subject(
        id=subject_id,
        kind=entry.kind,
        name=entry.name,
        agency=entry.agency or None,
        groups=groups,
        legal_name=entry.legal or None,
        hangul_name=entry.hangul or None,
        birth_date=iso_date(entry.born),
        names={key: tuple(dict.fromkeys(texts)) for key, texts in names.items()},
        aliases={key: tuple(texts) for key, texts in aliases.items() if texts},
        context=(entry.fans,) if entry.fans else (),
    )


def _language(text: str) -> str:
    if re.search("[가-힣]", text):
        return "ko"
    if re.search("[\u3041-\u30ff]", text):
        return "ja"
    return "zh" if re.search("[\u3400-\u9fff]", text) else "en"


def slug(name: str) -> str:
    """An id made of a name: Latin letters, digits and hyphens."""
    spelled = "".join(syllable(ch) if re.fullmatch("[가-힣]", ch) else ch for ch in fold(name))
    return re.sub(r"[^a-z0-9]+", "-", spelled).strip("-")[:48] or "subject"


def _free(wanted: str, taken: set[str]) -> str:
    chosen, number = wanted, 2
    while chosen in taken:
        chosen, number = f"{wanted}-{number}", number + 1
    taken.add(chosen)
    return chosen


def without_romanisations(watchlist: Watchlist) -> Watchlist:
    """The watchlist with the spellings of its lists only."""
    return Watchlist(
        subjects=tuple(
            msgspec.structs.replace(
                subject,
                romanisations=(),
                ambiguous=tuple(a for a in subject.ambiguous if a not in subject.romanisations),
            )
            for subject in watchlist.subjects
        )
    )
