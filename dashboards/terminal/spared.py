"""What stands in a terminal instead of text that likely harms somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from detect.records import Judgement

show_harm = click.option("--show", is_flag=True, help="Print likely harmful text, too.")


def hidden(judgement: Judgement | None) -> str:
    """The kinds of harm, and how to see the text; empty for text that may be shown."""
    from dashboards.web.harm import CATEGORY_WORDS, is_spared, shown_harm

    if not is_spared(judgement):
        return ""
    named = ", ".join(CATEGORY_WORDS[one.category] for one in shown_harm(judgement))
    return click.style(f"(hidden: {named}; --show prints it)", dim=True)
