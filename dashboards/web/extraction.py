"""Brings the catalogues up to date with the pages: ``python -m dashboards.web.extraction``.

English is the source. Sentences are found in templates (``_``, ``n_``) and in code
(``words``, ``said``, ``.many``, ``gettext_noop``, ``Refused``). A catalogue is sorted
and names no lines, so that two changes rarely touch the same place.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from dashboards.web.words import CATALOGUES, DEFAULT, LANGUAGES

ROOT = Path(__file__).parents[1]
KEYWORDS = {
    "_": None,
    "n_": (1, 2),
    "words": None,
    "said": None,
    "many": (1, 2),
    "gettext_noop": None,
    "Refused": (2,),
}
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"silent": "false"}}
HEAD = """\
# The pages in this language. `make words` adds new sentences and takes unused ones out.
msgid ""
msgstr ""
"Language: {lang}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


def sentences() -> Catalog:
    """Every sentence of the pages, without a language."""
    found = Catalog()
    for _, _, text, _, _ in extract_from_dir(
        ROOT,
        method_map=METHODS,
        options_map=OPTIONS,
        keywords=KEYWORDS,
        strip_comment_tags=True,
    ):
        found.add(text)
    return found


def read(lang: str) -> Catalog:
    """The catalogue of a language as it stands; empty when there is none."""
    file = CATALOGUES / f"{lang}.po"
    if not file.is_file():
        return Catalog(locale=lang)
    with file.open("rb") as source:
        return read_po(source, locale=lang)


def update(lang: str) -> Catalog:
    """The catalogue of a language with all sentences of the pages and no others."""
    known = read(lang)
    known.update(sentences(), no_fuzzy_matching=True)
    known.obsolete.clear()
    return known


def written(catalog: Catalog) -> bytes:
    """A catalogue as its file holds it."""
    body = BytesIO()
    write_po(
        body, catalog, width=0, no_location=True, omit_header=True, sort_output=True,
        ignore_obsolete=True,
    )  # fmt: skip
    head = HEAD.format(lang=catalog.locale_identifier, plurals=catalog.plural_forms)
    return head.encode() + body.getvalue().strip() + b"\n"


def untranslated(catalog: Catalog) -> Iterator[Message]:
    """Sentences that the catalogue does not say, or says without all of their forms."""
    for message in catalog:
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and not all(said):
            yield message


def main() -> None:
    """Write every catalogue anew and name what waits for a translation."""
    for lang in LANGUAGES:
        if lang == DEFAULT:
            continue
        catalog = update(lang)
        (CATALOGUES / f"{lang}.po").write_bytes(written(catalog))
        waiting = list(untranslated(catalog))
        click.echo(f"{lang}: {len(catalog)} sentences, {len(waiting)} to translate")
        for message in waiting:
            click.echo(f"  {message.id!r}")


if __name__ == "__main__":
    main()
