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
    "harm_stalking": gettext_noop(
        "{name}: stalking or sale of personal information in {posts} by {accounts}"
    ),
}
"""By kind of alert; those of harm by the signal of their first reason."""


def title_of(alert: Alert, *, words: Words, name_of: Callable[[str], str]) -> str:
    """What happened to whom in one line; the record's own title for kinds not known here."""
    kind = alert.kind
    if kind == "harm":
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
    lasted = next((one.value for one in alert.evidence if one.signal == "span_seconds"), None)
    if kind != "copy_burst" or lasted is None:
        return said
    return words("{what} within {span}", what=said, span=span(round(lasted * 1000), words))
