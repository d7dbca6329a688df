"""The four axes and what follows from them: rules that a person can read and dispute.

Coordination says how entangled accounts and objects are, harm what the posts do
to the subject, openness how much speaks for open action, independence how much
for people who act each on their own. The axes stay apart: none is subtracted
from another, and a kind follows from all of them by the rules of :func:`kind_of`.
Neither an opinion nor a hashtag decides anything.
"""

from __future__ import annotations

import math

import msgspec

from stream.coordination.looks import Look
from stream.records import CampaignKind

COPYING = 0.55
COMPANY = 0.6
CLOSED = 0.4
VEILED = 0.6
BURST = 0.6
CIRCLE = 0.6
"""What each sign may add to coordination at most, taken as independent of the others."""
SURPRISING = 6.0
"""-log10 of the chance at which a burst, hiding, and a closed circle count in full."""
CROWD = 6.0
"""Accounts at which copying counts half."""

ENTANGLED = 0.3
BOUND = 0.5
HIDDEN = 0.6
"""Coordination from which are reported: harmful posts by accounts that hide, sure harm by
accounts that do not, posts that are not known to harm."""
BEYOND = 0.2
"""Coordination without copying from which sure harm is a case: a cruel text that many quote
is copied by everybody, and nothing else ties them."""
HARMFUL = 0.2
SURE = 0.5
HINTED = 0.1
"""Mean harm: a third of the posts are likely to do some; most do; some may."""
SHY = 1.3
HIDING = 2.0
"""-log10 of the chance of so many young accounts and disguises: what settled people who
disguise nothing seldom show, and what they do not."""
OPEN = 0.6
YOUNG_CROWD = 0.5
CONCEALED = 3.0
"""-log10 of the chance of so many young accounts and disguises from which posts that are
not known to harm are called coordinated; of those who are shy it may be that of a closed
circle instead. A circle by itself is no case: friends, and those who sign one petition
together, are one too."""
COMPANIONS = 0.2
"""Mean trust from which a data set without a watchlist has a case though nobody hides: fans
who repeat one text beside each other have earned none."""
INDEPENDENT = 0.6
NEWS_SHARE = 0.8
TRUSTED = 0.5
"""Company from which even links to news do not explain what accounts have in common."""
SPARE_SHARE = 0.5
APPEALING = 0.5
"""Share of calls to report from which harmful words are taken as quoted, unless those
who call hide who they are: a ring may write such calls too."""
ONE_MAN = 0.6
CRITICAL_SHARE = 0.3
MANY_CRITICS = 0.15
MORE_CRITICS = 3.0
"""Share of criticism from which a crowd objects. Less is enough where it is that many times
what is said of the subject elsewhere, because words find only a part of all criticism."""
GRUMBLING = 0.6
CHORUS = 0.8
FAINT = 0.5
FEW_FLAGS = 0.7
"""Share of criticism, share of it that copies itself, surprise at who hides, and share of
posts with a hashtag or a link, at which it is a case: critics have words of their own, and
those who protest together say where to join."""


class Axes(msgspec.Struct, frozen=True):
    """Each 0 to 1; ``harm`` is None where nobody assessed it.

    ``concealed`` is how surprising what hides who acts is (-log10 of the chance), ``beyond``
    what of coordination does not come from copying.
    """

    coordination: float
    harm: float | None
    openness: float
    independence: float
    concealed: float
    beyond: float


def axes_of(look: Look) -> Axes:
    """The axes of a set of posts."""
    crowd = max(0, look.size - 2)
    copying = COPYING * look.copied * crowd / (crowd + CROWD)
    hiding = VEILED * min(1.0, look.hiding / SURPRISING)
    burst = BURST * min(1.0, look.burst / SURPRISING)
    circle = CIRCLE * min(1.0, look.circle / SURPRISING)
    company, closed = COMPANY * look.company, CLOSED * look.closed
    beyond = _either(company, closed, hiding, burst, circle)
    coordination = _either(copying, beyond)
    own_words = look.texts / max(1, look.posts)
    young = look.young or 0.0
    independence = own_words * (1 - look.closed) * (1 - young) * (1 - look.copied)
    doubted = young > YOUNG_CROWD and look.openness < _PLAIN
    openness = look.openness * (1 - young) if doubted else look.openness
    concealed = max(look.hiding, look.circle)
    return Axes(coordination, look.harm, openness, independence, concealed, beyond)


def objects(look: Look) -> bool:
    """Whether a crowd objects to something, by itself or beside what is said elsewhere."""
    more = look.critical >= max(MANY_CRITICS, MORE_CRITICS * look.elsewhere)
    return look.critical >= CRITICAL_SHARE or more


def is_chorus(look: Look, axes: Axes) -> bool:
    """Criticism that copies itself, calls nobody in, and looks a little like hiding."""
    copies = look.critical >= GRUMBLING and look.copied >= CHORUS
    return copies and look.flagged < FEW_FLAGS and axes.concealed >= FAINT


def _is_smear(axes: Axes) -> bool:
    """Harm done together: the surer the harm, and the more they hide, the less of the other."""
    harm, hiding, coordination = axes.harm or 0.0, axes.concealed, axes.coordination
    return (
        (harm >= HARMFUL and hiding >= SHY and coordination >= ENTANGLED)
        or (harm >= HINTED and hiding >= HIDING and coordination >= BOUND)
        or (harm >= SURE and coordination >= BOUND and axes.beyond >= BEYOND)
    )


_PLAIN = 0.95
"""Openness that young accounts do not call in question: official pages themselves."""


def _either(*chances: float) -> float:
    """The chance that at least one of several independent signs is real."""
    return 1 - math.prod(1 - chance for chance in chances)


def kind_of(look: Look, axes: Axes, *, busiest: float, known_subject: bool) -> CampaignKind:
    """What a set of posts is.

    Args:
        busiest: share of the posts that its busiest account wrote.
        known_subject: whether a watchlist says who is protected; then accounts that
            neither harm nor hide are no case, however much they do together.
    """
    harmful = axes.harm is not None and axes.harm >= HARMFUL
    alone = axes.independence >= INDEPENDENT
    trusted = look.company >= COMPANIONS and not known_subject
    circling = look.hiding >= SHY and look.circle >= CONCEALED
    hiding = look.hiding >= CONCEALED or circling or trusted
    objecting = objects(look)
    untied = axes.coordination < ENTANGLED and axes.concealed < FAINT
    quoting = look.appeals >= APPEALING and look.hiding < CONCEALED
    rules: tuple[tuple[CampaignKind, bool], ...] = (
        ("bot", busiest >= ONE_MAN),
        ("spam", look.spare >= SPARE_SHARE and not harmful),
        (
            "fan_event",
            axes.openness >= OPEN and (not harmful or quoting) and not objecting,
        ),
        ("campaign", _is_smear(axes) and not alone),
        ("news", look.news >= NEWS_SHARE and look.company < TRUSTED),
        ("criticism_wave", (alone and harmful) or ((alone or untied) and objecting)),
        (
            "coordinated",
            axes.openness < OPEN
            and (
                (hiding and axes.coordination >= HIDDEN)
                or (is_chorus(look, axes) and axes.coordination >= BOUND)
            ),
        ),
    )
    for kind, holds in rules:
        if holds:
            return kind
    return "unclear"
