"""The image and the compose file, as far as they can be judged without running them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from dashboards.cli import COMMANDS
from stream.settings import load_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = {name: said for name, said in SERVICES.items() if said["image"].startswith("jikimi:")}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    found = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"]
    return [(word, rest) for word, rest in found]


def test_the_image_runs_as_nobody_special_and_from_pinned_bases():
    users = [rest for word, rest in instructions() if word == "USER"]
    assert users == ["10001:10001"]
    for word, rest in instructions():
        assert word != "ADD"
        if word == "FROM":
            assert re.match(r"[\w./-]+:[\w.-]*\d", rest)
            assert ":latest" not in rest


def test_the_image_is_made_of_files_that_are_here_and_of_locked_packages():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source.split('/')[0]}" in ignored
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    assert "!.git" not in ignored
    assert "!tests" not in ignored


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gives_up_rights_and_is_reached_from_this_machine_only(name):
    said = SERVICES[name]
    assert said["cap_drop"] == ["ALL"]
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert not said.get("privileged")
    assert all(port.startswith("127.0.0.1:") for port in said.get("ports", []))
    assert re.search(r":v?\d", said["image"]), "a tag that says which version"
    assert set(said["profiles"]) <= {"embedded", "scale"}


@pytest.mark.parametrize("name", OURS)
def test_a_part_of_ours_cannot_write_its_image_and_starts_a_command_that_exists(name):
    said = OURS[name]
    assert said["read_only"] is True
    assert said["user"] == "10001:10001"
    assert said["command"][0] in COMMANDS


@pytest.mark.parametrize("name", OURS)
def test_its_environment_is_valid_settings(name, tmp_path):
    (tmp_path / "secret").write_text("pass word")
    environ = {
        key: str(tmp_path / "secret") if key.endswith("_FILE") else value
        for key, value in OURS[name]["environment"].items()
    }
    settings = load_settings(None, environ)
    assert (settings.elasticsearch.url is None) == (name == "jikimi")


def test_everything_that_is_named_is_there():
    for said in SERVICES.values():
        assert set(said.get("depends_on", ())) <= set(SERVICES)
        assert set(said.get("secrets", ())) <= set(COMPOSE["secrets"])
        for volume in said.get("volumes", ()):
            source = volume.split(":")[0]
            if not source.startswith("."):
                assert source in COMPOSE["volumes"]
            elif source != "./watchlist.toml":
                assert (DEPLOY / source).exists(), source
    for name, said in SERVICES.items():
        for other, wanted in said.get("depends_on", {}).items():
            profiles = set(SERVICES[other]["profiles"])
            assert set(said["profiles"]) <= profiles, f"{name} starts where {other} does not"
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]


def test_the_rules_of_prometheus_ask_for_metrics_that_exist():
    documented = (ROOT / "docs/how-to/watch-jikimi.md").read_text(encoding="utf-8")
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in found}) == len(found) >= 4
    for rule in found:
        for metric in re.findall(r"jikimi_[a-z_]+", rule["expr"]):
            assert f"`{metric}`" in documented
        assert rule["annotations"]["summary"]
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    targets = config["scrape_configs"][0]["static_configs"][0]["targets"]
    assert {target.split(":")[0] for target in targets} <= set(SERVICES)
