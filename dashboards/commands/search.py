"""``jikimi search``: find kept posts by the query language of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import OK, USAGE
from dashboards.terminal.spared import hidden, show_harm

if TYPE_CHECKING:
    from dashboards.queries.posts import Asked
    from stream.index import IndexedPost, PostPage

EPILOG = """\b
Examples:
  jikimi search '표절 의혹'                          both words, newest first
  jikimi search '"표절 의혹" since:7d -lang:en'      a phrase, within a week, not English
  jikimi search 'subject:haneul has:link' --oldest   where it began
  jikimi search 'harm:threat' --show                 likely harmful text too
  jikimi search 'tag:comeback' --json --limit 1000   one JSON object a line

\b
Days and hours in a query are those of Korea; docs/how-to/search.md lists all fields.
"""
KST = timezone(timedelta(hours=9), "KST")
MAX_LIMIT = 10_000
WIDTH = 100


@click.command("search", epilog=EPILOG)
@click.argument("query")
@click.option(
    "--limit",
    type=click.IntRange(1, MAX_LIMIT),
    default=20,
    show_default=True,
    help="Posts to print.",
)
@click.option("--oldest", is_flag=True, help="Oldest first instead of newest.")
@show_harm
@click.option("--json", "as_json", is_flag=True, help="One JSON object a post and line.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)
@click.option(
    "--watchlist",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Watchlist file with the names of subjects; else watchlist.file of the settings.",
)
@pass_cli
def command(
    cli: Cli,
    query: str,
    limit: int,
    oldest: bool,
    show: bool,
    as_json: bool,
    data: Path | None,
    watchlist: Path | None,
) -> int:
    """Find kept posts; also beside a running jikimi."""
    from dashboards.composing.compose import INDEX_FOLDER, wall_clock
    from dashboards.queries.posts import SubjectNames, ask
    from detect.watchlist import Watchlist, load_watchlist
    from stream.index import PostQuery
    from stream.local_index import LocalIndex
    from stream.search.query import QueryError
    from stream.storage.store import DATABASE

    file = watchlist or cli.settings.watchlist.file
    known = watchlist is not None or file.is_file()
    names = SubjectNames(load_watchlist(file) if known else Watchlist())
    try:
        asked = ask(query, names, now=wall_clock(), tz=KST)
    except QueryError as error:
        click.echo(
            f"jikimi: {error.message}\n{_pointer(query, error.start, error.end)}", err=True
        )
        return USAGE
    folder = data or cli.settings.data.folder
    index = LocalIndex(folder / INDEX_FOLDER, read_only=True)
    try:
        page = index.search(
            PostQuery(where=asked.where, order="oldest" if oldest else "newest", limit=limit)
        )
        empty = not page.total and not index.counts()["posts"]
    finally:
        index.close()
    for note, values in asked.notes:
        click.echo(f"note: {note.format(**values)}", err=True)
    if empty:
        todo = "start `jikimi run`, or name another folder with --data"
        if (folder / DATABASE).exists():
            todo = "if it should, run `jikimi index rebuild`"
        click.echo(f"note: the index of {folder} holds no posts; {todo}", err=True)
    _print(page, asked, as_json=as_json, show=show)
    return OK


def _print(page: PostPage, asked: Asked, *, as_json: bool, show: bool) -> None:
    import msgspec

    from dashboards.web.harm import is_spared

    for one in page.posts:
        if as_json:
            # Programs get all of it, and are told what to fold.
            told = msgspec.to_builtins(one) | {"spared": is_spared(one.judgement)}
            click.echo(msgspec.json.encode(told))
        else:
            click.echo(_lines(one, asked, show=show))
    if not as_json:
        shown = "" if len(page.posts) == page.total else f", {len(page.posts):,} shown"
        click.echo(f"{page.total:,} found{shown}", err=True)


def _lines(found: IndexedPost, asked: Asked, *, show: bool) -> str:
    """Two lines on a post: when, where, by whom, about whom; and its text.

    Text that likely harms somebody is hidden unless ``show``.
    """
    post = found.post
    at = datetime.fromtimestamp(post.event_at / 1000, UTC).astimezone(KST)
    author = f"@{post.author.handle}" if post.author and post.author.handle else post.author_id
    head = f"{at:%Y-%m-%d %H:%M} KST  {post.platform}  {author}  [{', '.join(found.subjects)}]"
    said = hidden(found.judgement) if not show else ""
    return f"{_plain(head)}  {_plain(post.id)}\n    {said or _excerpt(post.text, asked)}"


def _excerpt(text: str, asked: Asked) -> str:
    """The part of a text where what was asked for stands, that in bold."""
    from stream.search.highlight import excerpt, highlight, wanted

    part = excerpt(text, highlight(text, wanted(asked.where)), WIDTH * 2)
    pieces: list[str] = []
    before = 0
    for start, end in part.spans:
        pieces += [
            _plain(part.text[before:start]),
            click.style(_plain(part.text[start:end]), bold=True),
        ]
        before = end
    pieces.append(_plain(part.text[before:]))
    return "".join(pieces)


def _plain(text: str) -> str:
    """Text from outside without line breaks and without what steers a terminal."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown.encode("utf-8", "replace").decode()


def _pointer(query: str, start: int, end: int) -> str:
    """The query with marks under the place an error speaks of."""
    first = max(0, start - WIDTH // 2)
    line = _plain(query[first : first + WIDTH])
    before, wrong = line[: start - first], line[start - first : end - first]
    return f"  {line}\n  {' ' * _columns(before)}{'^' * max(1, _columns(wrong))}"


def _columns(text: str) -> int:
    """Columns of a terminal that a text takes: East Asian characters take two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
