"""Options: from flags, the environment and a file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from aqueducts_executor.options import OPTIONS, OptionError, Options, as_toml, gather

KEY = {"AQUEDUCTS_API_KEY": "k"}


def gathered(
    flags: Mapping[str, Sequence[str]] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Options:
    """Options with a key."""
    return gather(flags or {}, {**KEY, **(environment or {})}, None if file is None else str(file))


def test_a_flag_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    """Each where the one before says nothing."""
    file = tmp_path / "options.toml"
    file.write_text('queue_size = 1\nhost = "127.0.0.1"\nport = [1, 2]\n', encoding="utf-8")
    assert gathered(file=file).queue_size == 1
    assert gathered(file=file).port == (1, 2)
    assert gathered(environment={"AQUEDUCTS_QUEUE_SIZE": "2"}, file=file).queue_size == 2
    both = {"AQUEDUCTS_QUEUE_SIZE": "2"}
    assert gathered({"queue_size": ["3"]}, both, file).queue_size == 3
    assert gathered({"queue_size": ["3"]}, both, file).host == "127.0.0.1"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4", 4_000_000_000),
        ("1.5", 1_500_000_000),
        ("512MB", 512_000_000),
        ("2 GiB", 2 << 30),
        ("300mb", 300_000_000),
    ],
)
def test_memory(text: str, size: int) -> None:
    """Gigabytes without a unit; 0 is no limit."""
    assert gathered({"max_memory": [text]}).max_memory == size


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_memory", "much"),
        ("max_memory", "-1"),
        ("max_memory", "1MB"),
        ("port", "70000"),
        ("port", "x"),
        ("queue_size", "-1"),
        ("mode", "cloud"),
        ("log_level", "loud"),
        ("executor_id", "a b"),
        ("executor_id", "x" * 129),
        ("orchestrator_url", "ftp://a"),
        ("orchestrator_url", "a:1"),
        ("shutdown_grace", "soon"),
        ("tls_cert", "/nowhere.pem"),
        ("sandbox", "maybe"),
        ("allow_secret", "a b"),
        ("api_key", "ö"),
        ("api_key", " "),
    ],
)
def test_what_cannot_be_used_is_named(name: str, text: str) -> None:
    """With the option that it was given for; a key is not repeated."""
    with pytest.raises(OptionError) as caught:
        gathered({name: [text]})
    assert f"--{name.replace('_', '-')}" in str(caught.value)
    if name == "api_key" and text.strip():
        assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a:3000", "ws://a:3000/ws/executor/register"),
        ("https://a/", "wss://a/ws/executor/register"),
        ("wss://a/b?c=d", "wss://a/b?c=d"),
    ],
)
def test_orchestrator_url_implies_managed_mode(url: str, expected: str) -> None:
    """Whatever scheme it is written with, and under both names."""
    for environment in ({"AQUEDUCTS_ORCHESTRATOR_URL": url}, {"ORCHESTRATOR_URL": url}):
        options = gathered(environment=environment)
        assert (options.mode, options.orchestrator_url) == ("managed", expected)


def test_keys_come_from_files_too(tmp_path: Path) -> None:
    """In the environment and in the options file; a file that is not there is named."""
    (tmp_path / "key").write_text("from-file\n", encoding="utf-8")
    environment = {"AQUEDUCTS_API_KEY_FILE": str(tmp_path / "key")}
    assert gather({}, environment, None).api_key == "from-file"
    file = tmp_path / "options.toml"
    file.write_text(f'api_key_file = "{tmp_path}/key"\n', encoding="utf-8")
    assert gather({}, {}, str(file)).api_key == "from-file"
    with pytest.raises(OptionError, match="cannot be read"):
        gather({}, {"AQUEDUCTS_API_KEY_FILE": str(tmp_path / "none")}, None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("quue_size = 1", "did you mean queue_size"),
        ("max-memory = 1", "max_memory"),
        ("queue_size = ", "not TOML"),
        ("queue_size = true", "text, a number"),
        ("[port]\nx = 1", "text, a number"),
    ],
)
def test_files_with_mistakes(tmp_path: Path, content: str, message: str) -> None:
    """Unknown keys are errors, with what was meant."""
    file = tmp_path / "options.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(OptionError, match=message):
        gathered(file=file)


def test_printed_options_can_be_read_again(tmp_path: Path) -> None:
    """But for the key, which is masked."""
    options = gathered({"port": ["1", "2"], "max_memory": ["512MB"], "data_root": ["/a b", "/c"]})
    text = as_toml(options)
    assert 'api_key = "***"' in text
    file = tmp_path / "options.toml"
    file.write_text(text, encoding="utf-8")
    again = gathered(file=file)
    names = [spec.name for spec in OPTIONS if not spec.is_secret]
    assert [getattr(again, name) for name in names] == [getattr(options, name) for name in names]
    assert "k" not in repr(options).replace("api_key", "").split("host")[0]


def run(*arguments: str, environment: Mapping[str, str]) -> Any:
    """The command."""
    return subprocess.run(
        [sys.executable, "-m", "aqueducts_executor", *arguments],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_key_it_says_how_to_make_one() -> None:
    """And does not start."""
    found = run(environment={})
    assert found.returncode == 2
    assert "no API key" in found.stderr
    assert "secrets.token_urlsafe" in found.stderr
    assert "Traceback" not in found.stderr


def test_print_config_masks_the_key() -> None:
    """Nothing of it is shown."""
    found = run("--print-config", environment={"AQUEDUCTS_API_KEY": "s3cret-canary"})
    assert found.returncode == 0
    assert "s3cret-canary" not in found.stdout + found.stderr
    assert 'api_key = "***"' in found.stdout


def test_managed_mode_is_not_there_yet() -> None:
    """It says so, rather than do half of it."""
    found = run("--orchestrator-url=http://a", environment=KEY)
    assert found.returncode == 2
    assert "managed mode" in found.stderr


def test_mistake_in_a_flag_is_told_in_one_line() -> None:
    """What, and what is expected."""
    found = run("--max-memory=lots", environment=KEY)
    assert found.returncode == 2
    assert "--max-memory is a size such as" in found.stderr
    assert "Traceback" not in found.stderr
