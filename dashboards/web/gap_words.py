"""Why a gap is there, in the language of the page: sources say it in English sentences of ours.

What stands before a sentence, a listing or a subreddit, stays as it is. So does a whole
sentence that is not known here, as from a source of others.
"""

from __future__ import annotations

import re

from dashboards.web.words import Words, gettext_noop

SENTENCES = frozenset(
    {
        gettext_noop("source was away"),
        gettext_noop("the server no longer had this stretch"),
        gettext_noop("comments of a long thread: not all could be read"),
        gettext_noop("comments: more threads than are read"),
        gettext_noop("Reddit lists nothing older"),
        gettext_noop("more was posted than Reddit lists"),
        gettext_noop("could not be read"),
        gettext_noop("is private"),
        gettext_noop("is banned"),
        gettext_noop("is quarantined"),
        gettext_noop("is for paying members"),
        gettext_noop("does not exist"),
        gettext_noop("is not understood by Reddit"),
        gettext_noop("is closed to us"),
        gettext_noop("does not exist or is banned"),
        gettext_noop("is too long"),
        gettext_noop("may not be shown for legal reasons"),
    }
)
_SIZE = re.compile(r"a message of more than (\d{1,6}) MiB", re.ASCII)
_PLACE = re.compile(r"(?P<place>r/\w{1,60}) (?P<sentence>.+)", re.ASCII)
_LABEL = re.compile(r"(?P<place>.{1,300}): (?P<sentence>[^:]+)")


def why(reason: str, words: Words) -> str:
    """The reason of a gap as a sentence of that language; unchanged where it is not known."""
    if reason in SENTENCES:
        return words(reason)
    size = _SIZE.fullmatch(reason)
    if size is not None:
        return words("a message of more than {n} MiB", n=size[1])
    for form, between in ((_PLACE, " "), (_LABEL, ": ")):
        found = form.fullmatch(reason)
        if found is not None and found["sentence"] in SENTENCES:
            return f"{found['place']}{between}{words(found['sentence'])}"
    return reason
