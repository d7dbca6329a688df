"""The examples of the guide to the API work as they stand, beside the demo."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboards.composing.compose import wall_clock
from dashboards.web.views import REASONS
from stream.settings import Settings
from tests.dashboards.commands.test_web import ENVIRONMENT, ROOT, running, url_of
from tests.dashboards.web.api.demo_world import AGENCY, play
from tests.dashboards.web.world import DAY

GUIDE = (ROOT / "docs" / "how-to" / "use-the-api.md").read_text("utf-8")
AS_WRITTEN = "http://127.0.0.1:8000"
DATA = Settings().data.folder
TIMED_OUT = 28  # of curl: the end of listening to what has no end


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@dataclass
class Beside:
    """The pages over the demo's data folder, and a shell in the folder around it."""

    url: str
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, line: str) -> tuple[int, str]:
        """One line of the guide, with the variables of the lines before it."""
        kept = re.match(r"([A-Z]+)=\$\(", line)
        command = f'{line}\nprintf %s "${kept[1]}"' if kept else line
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command.replace(AS_WRITTEN, self.url)],
            cwd=self.folder,
            env={
                **ENVIRONMENT,
                **self.variables,
                "PATH": f"{self.folder}/bin:{ENVIRONMENT['PATH']}",
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if kept:
            self.variables[kept[1]] = done.stdout
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    if not (shutil.which("curl") and shutil.which("bash")):
        pytest.skip("curl or bash is not installed")
    folder = tmp_path_factory.mktemp("guide")
    (folder / DATA).mkdir()
    play(folder / DATA, until=wall_clock() + DAY)
    command = folder / "bin" / "jikimi"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dashboards "$@"\n')
    command.chmod(0o755)
    options = ("--watchlist", str(AGENCY))
    with running(folder / DATA, *options, JIKIMI__WEB__PASSWORD="a long password") as child:
        yield Beside(url_of(child), folder)


def test_every_line_of_the_guide_does_what_it_says(beside: Beside):
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) > 12
    answers: list[dict[str, Any]] = []
    for line in lines:
        status, out = beside.run(line)

        assert status == (TIMED_OUT if "--max-time" in line else 0), (line, out)
        assert "urn:jikimi:problem" not in out, (line, out)
        if line.startswith("curl") and "/events" not in line:
            answers.append(json.loads(out))
            assert answers[-1].get("items", True), line
        if "/events" in line:
            assert "event: place" in out
            assert ("event: alert" in out) == ("since=0-0" in line)
    assert answers[0] == json.loads(blocks("json")[0])
    decided = [one for one in answers if "undoes" in one]
    assert [bool(one["undoes"]) for one in decided] == [False, True]


def test_the_python_of_the_guide_reads_every_alert_and_the_stream(beside: Beside):
    names: dict[str, Any] = {}
    for sample in blocks("python"):
        exec(compile(sample, "use-the-api.md", "exec"), names)
    _, key = beside.run("jikimi keys create reader")
    headers = {"authorization": f"Bearer {key.strip()}"}
    with httpx.Client(base_url=beside.url, headers=headers, trust_env=False) as client:
        every = names["every_alert"](client)
        total = client.get("/api/alerts?state=all&limit=1").json()["total"]
        stream = names["alerts"](client, since="0-0")
        heard = [next(stream) for _ in range(total)]
        stream.close()

    assert total > 1
    assert len(every) == total
    assert {one["alert_id"] for one in heard} == {one["alert_id"] for one in every}


def test_the_guide_names_every_reason_and_every_kind_of_problem():
    for reason in REASONS:
        assert f"`{reason}`" in " ".join(GUIDE.split())
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", GUIDE, re.MULTILINE)
    told = {kind for _, kinds in rows for kind in re.findall(r"`([a-z-]+)`", kinds)}
    api = Path(ROOT / "dashboards" / "web")
    code = "".join(file.read_text("utf-8") for file in api.rglob("*.py"))
    raised = set(re.findall(r'ApiError\(\s*\d{3},\s*"([a-z-]+)"', code))
    raised |= set(re.findall(r'\d{3}: \("([a-z-]+)", ', code))
    assert raised - told == set()
    assert told - raised == set()
