"""Settings: defaults, file, environment, and every mistake with its place."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.secret import Secret
from stream.config.decode import Origins, TomlLines, decode, merge_environment, report
from stream.config.doc import default_toml, effective, effective_toml, rows, schema
from stream.settings import ConfigError, Settings, find_file, load_settings


def load(tmp_path: Path, text: str, **environ: str) -> Settings:
    file = tmp_path / "jikimi.toml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, environ)


def mistakes(tmp_path: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, **environ)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def test_without_a_file_every_default_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    settings = load_settings(None, {})

    assert settings == Settings()
    assert settings.web.host == "127.0.0.1"
    assert list(settings.sources) == ["bluesky"]
    assert settings.pipeline.partitions == 8


def test_the_file_in_the_current_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("jikimi.toml").write_text("web.port = 1234")

    assert load_settings(None, {}).web.port == 1234


def test_a_given_file_goes_before_the_variable_and_the_variable_before_the_default(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("jikimi.toml").write_text("")
    environ = {"JIKIMI_CONFIG": "other.toml"}

    assert find_file(Path("given.toml"), environ) == Path("given.toml")
    assert find_file(None, environ) == Path("other.toml")
    assert find_file(None, {}) == Path("jikimi.toml")


def test_a_named_source_replaces_the_default_ones(tmp_path):
    settings = load(tmp_path, "[sources.files]\nkind = 'archive'\n")

    assert list(settings.sources) == ["files"]


def test_reasons_of_a_source_go_before_the_common_ones(tmp_path):
    text = '[matching]\nreasons = ["alias", "thread"]\n[sources.a]\n[sources.b]\nreasons = []\n'

    settings = load(tmp_path, text)

    assert settings.reasons_for("a") == {"alias", "thread"}
    assert settings.reasons_for("b") == frozenset()
    assert settings.reasons_for("unknown") == {"alias", "thread"}


@pytest.mark.parametrize(
    ("variable", "value", "path", "expected"),
    [
        ("JIKIMI__WEB__PORT", "9000", "web.port", 9000),
        ("JIKIMI__PIPELINE__INDEX", "false", "pipeline.index", False),
        ("JIKIMI__CLUSTERS__THRESHOLD", "0.8", "clusters.threshold", 0.8),
        ("JIKIMI__DATA__FOLDER", "/srv/j", "data.folder", Path("/srv/j")),
        (
            "JIKIMI__MATCHING__REASONS",
            "alias, official",
            "matching.reasons",
            ("alias", "official"),
        ),
        ("JIKIMI__WEB__PUBLIC_URL", "https://a.example", "web.public_url", "https://a.example"),
        ("JIKIMI__LOG__LEVEL", "error", "log.level", "error"),
        ("JIKIMI__WEB__PASSWORD", "12345", "web.password", Secret("12345")),
    ],
)
def test_the_environment_goes_before_the_file(tmp_path, variable, value, path, expected):
    section, key = path.split(".")

    settings = load(tmp_path, "[log]\nlevel = 'debug'\n", **{variable: value})

    assert getattr(getattr(settings, section), key) == expected


def test_a_secret_is_read_from_the_file_that_the_environment_names(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("open sesame\n")

    settings = load(tmp_path, "", JIKIMI__WEB__PASSWORD_FILE=str(secret))

    assert settings.web.password is not None
    assert settings.web.password.reveal() == "open sesame"


def test_options_of_a_named_sink_can_come_from_the_environment(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("k3y")
    text = '[notify.my-team]\nkind = "webhook"\n'

    settings = load(
        tmp_path,
        text,
        JIKIMI__NOTIFY__MY_TEAM__OPTIONS__SECRET_FILE=str(secret),
        JIKIMI__NOTIFY__MY_TEAM__OPTIONS__URL="https://hooks.example",
        JIKIMI__NOTIFY__MY_TEAM__OPTIONS__TIMEOUT="5",
    )

    sink = settings.notify["my-team"]
    assert sink.options.plain() == {
        "secret": "k3y",
        "url": "https://hooks.example",
        "timeout": 5,
    }


def test_variables_of_others_are_not_ours(tmp_path):
    assert load(tmp_path, "", JIKIMI_WEB="x", PATH="y") == Settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "\n[web]\nport = 99999\n",
            "jikimi.toml:3: web.port: found 99999; allowed: a whole number from 0 to 65_535",
        ),
        (
            '[log]\nformat = "jsn"\n',
            'jikimi.toml:2: log.format: found "jsn"; allowed: "console", "json"; '
            "did you mean json?",
        ),
        (
            "[web]\nhots = 'x'\n",
            "jikimi.toml:2: web.hots: unknown in [web]; "
            "allowed: host, port, password, public_url; did you mean host?",
        ),
        (
            "[bursts]\nmin_accounts = 'five'",
            'jikimi.toml:2: bursts.min_accounts: found "five"; '
            "allowed: a whole number from 2 to 10_000",
        ),
        (
            "pipeline.index = 1",
            "jikimi.toml:1: pipeline.index: found 1; allowed: true or false",
        ),
        ("[data]\nfolder = ''", 'jikimi.toml:2: data.folder: found ""; allowed: a path'),
        (
            "[web]\npublic_url = 'ftp://x'",
            'jikimi.toml:2: web.public_url: found "ftp://x"; '
            "allowed: an address that begins with http:// or https://",
        ),
        ("sources = 3", "jikimi.toml:1: sources: found 3; allowed: tables like [sources.NAME]"),
        (
            "[sources.Big_Name]",
            "jikimi.toml:1: sources.Big_Name: not a name; "
            "allowed: 1 to 40 small letters, digits and hyphens",
        ),
        ("web = 'x'", 'jikimi.toml:1: web: found "x"; allowed: a table'),
        (
            "[matching]\nreasons = [\n 'thred',\n]",
            'jikimi.toml:2: matching.reasons: found ["thred"]; '
            'allowed: a list of "alias", "copy", "thread", "container", "official", "media", '
            '"face"',
        ),
        (
            "[sources.a]\noptions = 'x'",
            'jikimi.toml:2: sources.a.options: found "x"; allowed: a table',
        ),
    ],
)
def test_a_mistake_names_its_line_what_was_found_and_what_is_allowed(tmp_path, text, expected):
    assert mistakes(tmp_path, text) == [expected]


def test_all_mistakes_of_file_and_environment_come_at_once(tmp_path):
    found = mistakes(
        tmp_path, "[web]\nport = -1\nhots = ''\n[log]\nlevel = 1\n", JIKIMI__WEB__PROT="1"
    )

    assert len(found) == 4
    assert "environment JIKIMI__WEB__PROT: web.prot: unknown in [web]" in "\n".join(found)


def test_a_wrong_secret_is_not_shown(tmp_path):
    found = mistakes(tmp_path, "[web]\npassword = ['hunter2']\n")

    assert found == [
        "jikimi.toml:2: web.password: found ***; allowed: text that is not empty",
    ]


def test_a_secret_file_that_is_not_there_is_a_mistake(tmp_path):
    found = mistakes(tmp_path, "", JIKIMI__WEB__PASSWORD_FILE=str(tmp_path / "none"))

    assert found == [
        "environment JIKIMI__WEB__PASSWORD_FILE: web.password: "
        "the file cannot be read (No such file or directory)"
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[web]\nport = = 3\n", "jikimi.toml:2: not valid TOML: Invalid value"),
        (b"[web]\n[web]\n", "jikimi.toml:2: not valid TOML: Cannot declare"),
        (b"# \xff\n", "jikimi.toml:1: not UTF-8 text"),
        (b"x = '", "jikimi.toml:1: not valid TOML"),
    ],
)
def test_a_broken_file_is_reported_with_its_line(tmp_path, content, expected):
    file = tmp_path / "jikimi.toml"
    file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})

    assert expected in str(caught.value)


def test_a_file_that_is_named_but_absent_is_a_mistake(tmp_path):
    with pytest.raises(ConfigError, match="no such file; `jikimi config example"):
        load_settings(tmp_path / "none.toml", {})


def test_a_byte_order_mark_does_no_harm(tmp_path):
    file = tmp_path / "jikimi.toml"
    file.write_bytes(b"\xef\xbb\xbfweb.port = 1\n")

    assert load_settings(file, {}).web.port == 1


def test_lines_are_found_in_nested_tables_and_after_multi_line_text():
    lines = TomlLines(
        '[a]\nx = """\n[b]\nfake = 1\n"""\n[a."b c"]\n"y z" = 1 # no\n[[list]]\nk.l = 2\n'
    )

    assert lines.line(("a", "x")) == 2
    assert lines.line(("b",)) is None
    assert lines.line(("a", "b c", "y z")) == 7
    assert lines.line(("list", "k", "l")) == 9
    assert lines.line(("a", "b c", "unknown")) == 6


@given(st.text(max_size=300))
def test_finding_lines_survives_any_text(text):
    assert TomlLines(text).line(("web", "port")) in (None, *range(1, len(text) + 2))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
sections = st.sampled_from([*Settings.__struct_fields__, "other"])


@given(
    st.dictionaries(sections, st.dictionaries(st.text(max_size=8), json_values) | json_values)
)
def test_decoding_any_tree_gives_settings_or_problems_and_never_raises(tree):
    settings, problems = decode(tree, Settings)

    assert (settings is None) == bool(problems)
    origins = Origins(file="f", lines=TomlLines(""))
    assert all(report(problem, origins).startswith("f: ") for problem in problems)


@given(st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=12), max_size=4))
def test_any_environment_gives_settings_or_problems(variables):
    tree: dict[str, object] = {}
    environ = {f"JIKIMI__{name}": value for name, value in variables.items()}
    origins = Origins(file="f", lines=TomlLines(""))

    problems = merge_environment(tree, environ, origins)
    settings, more = decode(tree, Settings)

    assert (settings is None) == bool(more)
    assert isinstance(problems, list)


def test_the_example_file_is_valid_and_changes_nothing(tmp_path):
    assert load(tmp_path, default_toml()) == Settings()


def test_the_example_file_names_every_setting_with_its_default():
    text = default_toml()

    for row in rows():
        if ".NAME." not in row.key:
            key = row.key.rpartition(".")[2]
            shown = '""' if row.default == "unset" else row.default
            assert f"# {key} = {shown}\n" in text


def test_every_default_of_the_example_is_what_decoding_gives(tmp_path):
    lines = [
        line.removeprefix("# ") if " = " in line and not line.startswith("#   ") else line
        for section in default_toml().split("\n\n")
        if not section.startswith(("# Settings", "# Sources", "# Where"))
        for line in section.splitlines()
        if not line.endswith('= ""')
    ]

    text = "\n".join(lines)

    assert tomllib.loads(text)["web"]["port"] == 8000
    assert load(tmp_path, text) == Settings()


def test_every_setting_is_described():
    for row in rows():
        assert row.text.endswith("."), row.key
        assert row.allowed, row.key


def test_effective_settings_can_be_read_back(tmp_path):
    settings = load(tmp_path, "[web]\nport = 1\n[sources.x]\noptions = { a = [1, 'b'] }\n")

    assert load(tmp_path, effective_toml(settings)) == settings


def test_effective_settings_hide_secrets_and_the_tokens_of_addresses(tmp_path):
    text = (
        "[web]\npassword = 'hunter2'\n[notify.a]\nkind = 'webhook'\n"
        "options = { url = 'https://user:pw@h.example/hook?token=t0ken', secret = 's3cret' }\n"
    )
    settings = load(tmp_path, text)

    for shown in (effective_toml(settings), json.dumps(effective(settings)), repr(settings)):
        assert "https://***@h.example/hook" in shown
        for secret in ("hunter2", "user:pw", "t0ken", "s3cret"):
            assert secret not in shown


def test_the_schema_covers_every_setting_and_refuses_unknown_ones():
    made = schema()

    web = made["$defs"]["WebSettings"]
    assert web["properties"]["port"]["maximum"] == 65_535
    assert web["additionalProperties"] is False
    assert set(made["$defs"]["Settings"]["properties"]) == set(Settings.__struct_fields__)


def test_settings_are_frozen():
    with pytest.raises(AttributeError):
        Settings().web.port = 1  # type: ignore[misc]


def test_settings_cannot_be_written_out_with_their_secrets():
    with pytest.raises(TypeError):
        msgspec.json.encode(Secret("x"))
