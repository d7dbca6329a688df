"""The command line and composition root: ``jikimi`` and the table of its commands."""

from __future__ import annotations

import difflib
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from dashboards.terminal.context import Cli
from dashboards.terminal.exits import FAILURE, OK, code_of, message_of
from dashboards.terminal.interrupts import remember_interrupts
from stream.config.secrets import mask_text

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("dashboards.commands.demo", "Show it on an invented agency, offline, no keys."),
    "run": ("dashboards.commands.run", "Watch live sources and raise alerts."),
    "collect": ("dashboards.commands.collect", "Scale-out: bring posts from sources to Kafka."),
    "worker": ("dashboards.commands.worker", "Scale-out: route and judge posts from Kafka."),
    "media": ("dashboards.commands.media", "Scale-out: look at the pictures of posts."),
    "live": ("dashboards.commands.live", "Scale-out: posts a minute as they come, on a page."),
    "analyze": ("dashboards.commands.analyze", "Work through files of posts; write results."),
    "eval": ("dashboards.commands.eval", "Measure how well campaigns are found."),
    "inspect": ("dashboards.commands.inspect", "Explain what is seen in one text or picture."),
    "bank": ("dashboards.commands.bank", "Known pictures: build, match, exchange hashes."),
    "faces": ("dashboards.commands.faces", "Whose face may be recognised: enrol, delete."),
    "models": ("dashboards.commands.models", "Show and train the models that judge posts."),
    "search": ("dashboards.commands.search", "Find kept posts by words, fields and times."),
    "campaigns": (
        "dashboards.commands.campaigns",
        "Campaigns: list, show, explain.",
    ),
    "watchlist": ("dashboards.commands.watchlist", "Import, check and try the watchlist."),
    "calendar": ("dashboards.commands.calendar", "Comebacks, votes, birthdays: import, show."),
    "sources": ("dashboards.commands.sources", "List sources, their terms and their state."),
    "index": ("dashboards.commands.index", "Rebuild the index; scale-out: fill Elasticsearch."),
    "setup": ("dashboards.commands.setup", "Scale-out: make indices and topics."),
    "replay": ("dashboards.commands.replay", "Judge a stretch of the past anew."),
    "dead": ("dashboards.commands.dead", "Records that could not be read: list, show, replay."),
    "forget": ("dashboards.commands.forget", "Delete a post or an account everywhere."),
    "backup": ("dashboards.commands.backup", "Copy a data folder, also while it is in use."),
    "restore": ("dashboards.commands.restore", "Put a backup into a new data folder."),
    "retention": (
        "dashboards.commands.retention",
        "How long posts are kept: plan, apply, hold.",
    ),
    "web": ("dashboards.commands.web", "Serve the pages for a data folder."),
    "keys": ("dashboards.commands.keys", "Make, list and revoke keys of the HTTP API."),
    "doctor": ("dashboards.commands.doctor", "Check this machine and say what to fix."),
    "config": ("dashboards.commands.config", "Show, check and explain the settings."),
}
"""Name -> module (its attribute ``command``) and one line of help, so that
``jikimi --help`` imports none of them."""

EPILOG = """\b
Examples:
  jikimi demo                               the whole pipeline on invented posts
  jikimi watchlist check watchlist.toml     is the watchlist sound?
  jikimi run                                watch Bluesky, alerts at the web page
  jikimi analyze posts.ndjson.gz --out out  results of a data set as files
  jikimi inspect text "…" --json            who is meant, and why
  jikimi doctor                             what is missing on this machine

\b
Exit codes: 0 ok, 1 failure, 2 usage, 3 configuration, 4 partial, 130 interrupted.
"""


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"dashboards.commands.{cmd_name}.command is no click command")
        command.name = cmd_name
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {name!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in COMMANDS])


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings file; else JIKIMI_CONFIG, else ./jikimi.toml, else defaults.",
)
@click.option("-v", "--verbose", count=True, help="Also show debugging messages.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.version_option(package_name="jikimi", prog_name="jikimi", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    ctx: click.Context, config: Path | None, verbose: int, quiet: bool, debug: bool
) -> None:
    """Protects idols from deepfakes and coordinated smear campaigns.

    jikimi watches public posts about the people on a watchlist, groups copies of
    one text, notices when many accounts push it at once, and raises few alerts
    that show what speaks for and against them.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    ctx.obj = Cli(config=config, verbose=verbose, quiet=quiet, debug=debug)


def main(args: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    remember_interrupts()
    sys.exit(run(list(sys.argv[1:] if args is None else args)))


def run(args: list[str]) -> int:
    """Run one command; every error becomes a message and an exit code here."""
    debug = "--debug" in args
    try:
        result = cli.main(args=args, prog_name="jikimi", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        return _fail(KeyboardInterrupt(), debug=debug)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # The reader has gone (``jikimi … | head``): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last stop
        return _fail(error, debug=debug)
    return result if isinstance(result, int) else OK


def _fail(error: BaseException, *, debug: bool) -> int:
    if debug:
        click.echo(mask_text("".join(traceback.format_exception(error))), err=True)
    code = code_of(error)
    if code is not None:
        click.echo(f"jikimi: {message_of(error)}", err=True)
        return code
    click.echo(
        f"jikimi: unexpected {type(error).__name__}: {mask_text(str(error))}\n"
        "This is a fault of jikimi; the same command with --debug shows where.",
        err=True,
    )
    return FAILURE
