"""Titles of alerts in the language of the reader and with the name of the subject.

The title in the record is one English sentence for machines and messages; it names the
subject by its id, because operators know no names.
"""

from __future__ import annotations

from collections.abc import Callable

from dashboards.web.times import span
from dashboards.web.words import Words, gettext_noop
from stream.records import Alert

TITLES = {
    "copy_burst": gettext_noop("{name}: the same text in {posts} by {accounts}"),
    "campaign": gettext_noop("{name}: one harmful story pushed by {accounts} in {posts}"),
    "coordinated": gettext_noop("{name}: {accounts} act together, and not openly, in {posts}"),
    "harm_threat": gettext_noop("{name}: threats to safety in {posts} by {accounts}"),
    "harm_sexual_deepfake": gettext_noop(
        "{name}: sexual deepfakes offered or asked for in {posts} by {accounts}"
    ),
    "media_face_sexual": gettext_noop(
        "{name}: a sexual picture with this person's face in {posts} by {accounts}"
    ),
    "media_official_altered_sexual": gettext_noop(
        "{name}: an official photo was turned into a sexual picture, in {posts} by {accounts}"
    ),
    "media_official_face_altered": gettext_noop(
        "{name}: an official photo with a changed face in {posts} by {accounts}"
    ),
    "media_known_bad": gettext_noop(
        "{name}: a known harmful picture again, in {posts} by {accounts}"
    ),
    "media_family_known_bad": gettext_noop(
        "{name}: a variant of a known harmful picture in {posts} by {accounts}"
    ),
    "media_official_altered": gettext_noop(
        "{name}: an official photo that was changed, in {posts} by {accounts}"
    ),
    "media_face_machine_made": gettext_noop(
        "{name}: a picture that says a machine made it, in {posts} by {accounts}"
    ),
    "harm_stalking": gettext_noop(
        "{name}: stalking or sale of personal information in {posts} by {accounts}"
    ),
}
"""By kind of alert; those of harm and pictures by the signal of their first reason."""


def title_of(alert: Alert, *, words: Words, name_of: Callable[[str], str]) -> str:
    """What happened to whom in one line; the record's own title for kinds not known here."""
    kind = alert.kind
    if kind in {"harm", "media"}:
        kind = next((one.signal for one in alert.evidence), kind)
    known = TITLES.get(kind)
    if known is None:
        return alert.title
    said = words(
        known,
        name=name_of(alert.subject),
        posts=words.many("{n} post", "{n} posts", alert.posts),
        accounts=words.many("{n} account", "{n} accounts", alert.accounts),
    )
    if alert.split_from:
        return words("{what}, split from another campaign", what=said)
    lasted = next((one.value for one in alert.evidence if one.signal == "span_seconds"), None)
    if kind != "copy_burst" or lasted is None:
        return said
    return words("{what} within {span}", what=said, span=span(round(lasted * 1000), words))
