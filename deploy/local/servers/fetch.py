"""Gets the servers' software, of pinned content, and finds a Java to run it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from plan import ELASTICSEARCH, ES_VERSION, HERE, KAFKA, KAFKA_VERSION, Plan, ServiceError

COPY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


def fetch_kafka(plan: Plan) -> Path:
    """The folder of Kafka's jars, each of the pinned content."""
    wanted = checksums(HERE / KAFKA / "checksums.sha256")
    cached = plan.cache / f"kafka-{KAFKA_VERSION}"
    if not holds(cached, wanted):
        maven(
            "-f", str(HERE / KAFKA / "pom.xml"), "dependency:copy-dependencies",
            "-DincludeScope=runtime", f"-DoutputDirectory={cached}",
        )  # fmt: skip
    verify(cached, wanted)
    return install(cached, plan.software / cached.name)


def fetch_elasticsearch(plan: Plan) -> Path:
    """The folder of an unpacked Elasticsearch of the pinned content."""
    wanted = checksums(HERE / ELASTICSEARCH / "checksums.sha256")
    if not holds(plan.cache, wanted):
        artifact = (
            f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{ES_VERSION}:zip"
        )
        maven(COPY_PLUGIN, f"-Dartifact={artifact}", f"-DoutputDirectory={plan.cache}")
    verify(plan.cache, wanted)
    home = plan.software / f"elasticsearch-{ES_VERSION}"
    if not home.is_dir():
        plan.software.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=plan.software) as folder:
            with zipfile.ZipFile(plan.cache / f"elasticsearch-{ES_VERSION}.zip") as archive:
                archive.extractall(folder)
            unpacked = Path(folder) / home.name
            for program in (unpacked / "bin").iterdir():
                program.chmod(0o755)
            unpacked.rename(home)
    return home


def maven(*arguments: str) -> None:
    """Run Maven quietly.

    Raises:
        ServiceError: it is not installed, or an artefact cannot be had.
    """
    program = shutil.which("mvn")
    if program is None:
        raise ServiceError("mvn is not installed: apt-get install maven")
    done = subprocess.run(
        [program, "-q", "-B", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if "ERROR" in line]
        raise ServiceError("Maven could not fetch it:\n" + "\n".join(said[:3]))


def checksums(file: Path) -> dict[str, str]:
    """File names and their SHA-256 from a list as sha256sum writes it."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def holds(folder: Path, wanted: dict[str, str]) -> bool:
    """Whether all files are there."""
    return all((folder / name).is_file() for name in wanted)


def verify(folder: Path, wanted: dict[str, str]) -> None:
    """Refuse any file that is not what was pinned.

    Raises:
        ServiceError: a file is missing or has another content.
    """
    for name, digest in wanted.items():
        file = folder / name
        if not file.is_file():
            raise ServiceError(f"{file} is missing after the download")
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != digest:
            raise ServiceError(
                f"{file} has SHA-256 {found}, pinned is {digest}: delete it and try again"
            )


def install(source: Path, target: Path) -> Path:
    """A copy that the servers' own user can read."""
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial)
        partial.rename(target)
    return target


def java(least: int) -> Path:
    """The home of a Java of at least that version.

    Raises:
        ServiceError: there is none.
    """
    homes = [os.environ.get("JIKIMI_JAVA_HOME", ""), os.environ.get("JAVA_HOME", "")]
    found = shutil.which("java")
    if found:
        homes.append(str(Path(found).resolve().parent.parent))
    homes += sorted(map(str, Path("/usr/lib/jvm").glob("*")), reverse=True)
    for home in filter(None, homes):
        if java_version(Path(home)) >= least:
            return Path(home)
    raise ServiceError(
        f"no Java of version {least} or newer was found: install a JDK "
        "and name its folder in JIKIMI_JAVA_HOME"
    )


def java_version(home: Path) -> int:
    """The main version of a Java; 0 where there is none."""
    program = home / "bin" / "java"
    if not program.is_file():
        return 0
    said = subprocess.run(
        [str(program), "-version"], capture_output=True, text=True, check=False
    ).stderr
    quoted = said.partition('"')[2].partition('"')[0]
    first = quoted.partition(".")[0].partition("-")[0]
    return int(first) if first.isdigit() else 0
