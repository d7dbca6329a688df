"""Makes detect/language/grams.bin out of the table of the npm package ``eld``.

    npm pack eld@2.1.0 && tar xzf eld-2.1.0.tgz
    python -m tests.eval.language_table package detect/language/grams.bin

``eld`` (Efficient Language Detector, Nito T.M., Apache License 2.0) holds, for 60 languages,
how much a word piece of up to four bytes speaks for each. Languages that their script
gives away, and those that no fan community of ours writes, are left out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zlib
from pathlib import Path

from detect.language.grams import LANGUAGES

LEAST = 53
"""What the package subtracts from every number in its files."""
RENAMED = {"ms": "id"}
"""The package knows Malay and not Indonesian; of the two, fans write Indonesian."""

EXPORT = """
import {ngramsData as d} from './src/ngrams/large.js'
import {dictionary} from './src/dictionary.js'
process.stdout.write(JSON.stringify([d.languages, d.ngrams, dictionary]))
"""


def main(package: Path, target: Path) -> None:
    """Write the table: pieces in byte order, then a matrix of one byte a language."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", EXPORT],
        cwd=package,
        capture_output=True,
        check=True,
    )
    languages, pieces, dictionary = json.loads(done.stdout)
    byte_of = {char: code for code, char in enumerate(dictionary) if code > 127 and char != " "}
    names = {number: RENAMED.get(name, name) for number, name in languages.items()}
    rows: dict[bytes, bytearray] = {}
    for piece, scores in pieces.items():
        row = bytearray(len(LANGUAGES))
        for number, score in scores.items():
            if names[number] in LANGUAGES:
                row[LANGUAGES.index(names[number])] = min(255, score + LEAST)
        if any(row):
            rows[bytes(byte_of.get(char, ord(char)) for char in piece)] = row
    ordered = sorted(rows)
    if not all(re.fullmatch(rb"[^\n]{1,6}", piece) for piece in ordered):
        raise ValueError("a piece holds a line break or is too long")
    matrix = b"".join(bytes(rows[piece]) for piece in ordered)
    columns = b"".join(matrix[n :: len(LANGUAGES)] for n in range(len(LANGUAGES)))
    target.write_bytes(zlib.compress(b"\n".join(ordered) + b"\n\n" + columns, 9))
    print(f"{len(ordered)} pieces, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
