"""``jikimi campaigns``: what was found to be coordinated, and what explains it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, OK
from dashboards.terminal.spared import hidden, show_harm
from stream.records import CampaignKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dashboards.queries.campaigns import Seen
    from dashboards.queries.pushed import Pushed
    from stream.index import Index
    from stream.records import Campaign, Evidence

EPILOG = """\b
Examples:
  jikimi campaigns list                          what needs a look, newest first
  jikimi campaigns list --all --subject haneul   also fan events, news, criticism
  jikimi campaigns show ca_1f…                   accounts, wordings, what they shared
  jikimi campaigns show ca_1f… --show            likely harmful wordings too
  jikimi campaigns explain ca_1f…                the four axes, for and against

\b
They are read from the index beside a running jikimi; pages show the same at /campaigns.
"""
KST = timezone(timedelta(hours=9), "KST")
WIDTH = 100
SHOWN = 20
UNKNOWN = "not assessed"
RELATIONS = {
    "split_from": "split from",
    "split_off": "split off",
    "returns_from": "returns from",
    "returned_as": "returned as",
    "beside": "at the same time",
}


@click.group("campaigns", epilog=EPILOG)
def command() -> None:
    """What was found to be coordinated, by whom, and what speaks for and against it."""


_data = click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)
_json = click.option("--json", "as_json", is_flag=True, help="JSON, one campaign a line.")


@command.command("list")
@click.option("--subject", help="Only about this subject.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(get_args(CampaignKind)),
    help="Only of this kind; may be repeated. Default: campaign and coordinated.",
)
@click.option("--all", "every", is_flag=True, help="Of every kind.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="Campaigns to print.",
)
@show_harm
@_json
@_data
@pass_cli
def list_command(
    cli: Cli,
    subject: str | None,
    kinds: tuple[CampaignKind, ...],
    every: bool,
    limit: int,
    show: bool,
    as_json: bool,
    data: Path | None,
) -> int:
    """List campaigns with what they push, those with the newest posts first."""
    from dashboards.queries.campaigns import REPORTED, listed
    from dashboards.queries.pushed import pushed

    index = _open(cli, data)
    try:
        wanted: Sequence[CampaignKind] = () if every else kinds or REPORTED
        found = listed(index, subject=subject, kinds=wanted, limit=limit)
        pushes = pushed(index, found)
    finally:
        index.close()
    for one in found:
        push = pushes[one.campaign_id]
        if as_json:
            click.echo(_json_of(one, push))
        else:
            click.echo(f"{_line(one)}\n    {_pushes(push, show=show)}")
    if not found and not as_json:
        click.echo("no campaigns; --all also shows fan events, news and criticism", err=True)
    return OK


@command.command("show")
@click.argument("campaign_id")
@show_harm
@_json
@_data
@pass_cli
def show_command(
    cli: Cli, campaign_id: str, show: bool, as_json: bool, data: Path | None
) -> int:
    """Show a campaign: accounts with reasons, wordings, what they shared, earlier ones."""
    return _tell(cli, campaign_id, data, partial(_shown, show=show), as_json=as_json)


@command.command("explain")
@click.argument("campaign_id")
@_json
@_data
@pass_cli
def explain_command(cli: Cli, campaign_id: str, as_json: bool, data: Path | None) -> int:
    """Explain a campaign: each axis with what was seen and what was to be expected."""
    return _tell(cli, campaign_id, data, _explained, as_json=as_json)


def _tell(
    cli: Cli,
    campaign_id: str,
    data: Path | None,
    told: Callable[[Seen], list[str]],
    *,
    as_json: bool,
) -> int:
    from dashboards.queries.campaigns import seen
    from dashboards.queries.pushed import pushed

    index = _open(cli, data)
    try:
        found = seen(index, campaign_id)
        pushes = {} if found is None else pushed(index, [found.campaign])
    finally:
        index.close()
    if found is None:
        click.echo(
            f"jikimi: there is no campaign {_plain(campaign_id)}; "
            "`jikimi campaigns list --all` names those there are",
            err=True,
        )
        return FAILURE
    if as_json:
        click.echo(_json_of(found.campaign, pushes[found.campaign.campaign_id]))
        return OK
    click.echo(_line(found.campaign))
    for line in told(found):
        click.echo(line)
    return OK


def _open(cli: Cli, data: Path | None) -> Index:
    from dashboards.composing.compose import INDEX_FOLDER, pages_index
    from stream.local_index import LocalIndex

    if data is not None:
        return LocalIndex(data / INDEX_FOLDER, read_only=True)
    return pages_index(cli.settings, cli.settings.data.folder)


def _json_of(campaign: Campaign, push: Pushed) -> str:
    import msgspec

    from dashboards.web.harm import is_spared, label_harm

    phrase, tag = push.phrase, push.hashtag
    # Programs get all of it, and are told what to fold.
    told = {
        "phrase": phrase and phrase.text,
        "spared": phrase is not None and is_spared(phrase.judgement),
        "texts": phrase.texts if phrase else 0,
        "link": push.link,
        "hashtag": tag,
        "hashtag_spared": tag is not None and label_harm(tag) is not None,
        "family_id": push.picture and push.picture.family_id,
        "target": push.target,
    }
    return msgspec.json.encode(msgspec.to_builtins(campaign) | {"pushed": told}).decode()


def _pushes(one: Pushed, *, show: bool) -> str:
    """One line: the text, link, hashtag and picture that a campaign pushes."""
    from dashboards.web.harm import label_harm

    bits: list[str] = []
    if one.phrase:
        said = "" if show else hidden(one.phrase.judgement)
        bits.append(said or f"“{_plain(one.phrase.text)[:WIDTH]}”")
        if one.phrase.texts > 1:
            more = one.phrase.texts - 1
            bits.append(f"and {more} more text{'s' if more > 1 else ''}")
    if one.link:
        bits.append(f"link {_plain(one.link)[:WIDTH]}")
    if one.hashtag:
        said = "" if show else hidden(label_harm(one.hashtag))
        bits.append(f"hashtag {said or '#' + _plain(one.hashtag)[:WIDTH]}")
    if one.picture:
        bits.append(f"picture {_plain(one.picture.family_id or one.picture.post_id)}")
    if one.target and not bits:
        bits.append(f"aims at {_plain(one.target)}")
    return "pushes " + ("; ".join(bits) or "what is not known any more")


def _line(one: Campaign) -> str:
    asleep = "  asleep" if one.asleep else ""
    split = f"  split from {_plain(one.split_from)}" if one.split_from else ""
    return (
        f"{one.campaign_id}  {one.kind:14}  {_plain(one.subject)}  "
        f"{len(one.accounts)} accounts, {one.posts} posts, "
        f"{_at(one.first_post_at)} to {_at(one.last_post_at)}{asleep}{split}"
    )


def _explained(found: Seen) -> list[str]:
    lines: list[str] = [f"reportable since {_at(found.campaign.detected_at)}"]
    for axis in found.axes:
        value = UNKNOWN if axis.value is None else f"{axis.value:.2f}"
        lines.append(f"{axis.name}: {value}")
        lines += [f"    {_evidence(one)}" for one in axis.evidence]
    return lines


def _evidence(one: Evidence) -> str:
    usual = "" if one.expected is None else f", usual {one.expected:g}"
    shown = f"  e.g. {_plain(one.post_ids[0])}" if one.post_ids else ""
    return f"{one.signal.replace('_', ' ')}: {one.value:g}{usual}{shown}"


def _shown(found: Seen, *, show: bool) -> list[str]:
    from dashboards.queries.campaigns import handles_of

    campaign = found.campaign
    handles = {account: f" @{name}" for account, name in handles_of(found.posts).items()}
    lines = ["", "accounts (posts, things shared with others, score by company):"]
    lines += [
        f"    {_plain(m.account + handles.get(m.account, ''))}  {m.posts}  {m.objects}  "
        f"{m.trust:g}"
        for m in campaign.members[:SHOWN]
    ] or ["    named only where something coordinated is reported"]
    if len(campaign.members) > SHOWN:
        lines.append(f"    and {len(campaign.accounts) - SHOWN} more")
    lines += ["", "wordings (posts, accounts):"]
    lines += [
        f"    {v.posts}  {v.accounts}  "
        + ((not show and hidden(v.first.judgement)) or _plain(v.first.post.text)[:WIDTH])
        for v in found.variants[:SHOWN]
    ]
    lines += ["", "shared (kind, accounts, posts, first post):"]
    lines += [
        f"    {s.kind}  {s.accounts}  {s.posts}  {_plain(s.post_id)}"
        for s in campaign.shared[:SHOWN]
    ]
    if len(campaign.phases) > 1:
        lines += ["", "awake:"]
        lines += [
            f"    {_at(p.first_at)} to {_at(p.last_at)}, {p.posts} posts"
            for p in campaign.phases
        ]
    if found.kin:
        lines += ["", "beside other campaigns (accounts, links and pictures, wordings, hours):"]
        for one in found.kin:
            hours = "-" if one.hours is None else f"{one.hours:.2f}"
            same = f"{one.common}  {one.objects}  {one.phrases}  {hours}"
            lines.append(f"    {RELATIONS[one.relation]}  {same}  {_line(one.campaign)}")
    return lines


def _at(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(KST):%Y-%m-%d %H:%M} KST"


def _plain(text: str) -> str:
    """Text from outside without line breaks and without what steers a terminal."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown.encode("utf-8", "replace").decode()
