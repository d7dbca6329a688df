"""What the guide to Reddit says can be typed as it stands, and its words are ours."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ingest.reddit import RedditSource
from ingest.reddit.options import OPTIONS
from ingest.secret import Secret

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "reddit.md").read_text("utf-8")
SAMPLES = [
    tomllib.loads(text)
    for text in re.findall(r"^```toml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
]
CODE = "".join(path.read_text("utf-8") for path in (ROOT / "ingest" / "reddit").glob("*.py"))


@pytest.mark.parametrize("sample", SAMPLES)
def test_its_settings_are_accepted(sample):
    [(name, source)] = sample["sources"].items()

    made = RedditSource.from_settings(name, source["options"] | {"client_secret": Secret("x")})

    assert made.name == name
    assert source.get("kind", name) == "reddit"


def test_each_option_it_names_exists():
    named = {
        word for sample in SAMPLES for s in sample["sources"].values() for word in s["options"]
    }
    named |= {word for word in re.findall(r"`([a-z_]+)(?: = [^`]*)?`", GUIDE) if "_" in word}

    assert named - {"client_secret"} <= set(OPTIONS)
    assert len(named) > 6


def test_each_message_it_explains_is_one_that_we_say():
    quoted = re.findall(r"^\| (`.*?) \|", GUIDE, re.MULTILINE)
    parts = [part for cell in quoted for part in re.findall(r"`(.*?)`", cell)]

    assert len(parts) == 8
    for part in parts:
        words = re.sub(r"\(\d+\)|: r/.*", "", part).strip()
        assert words in CODE.replace('"\n', ""), part
