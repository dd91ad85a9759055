"""Secrets from the environment and from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqueducts.builtin.secret_resolvers import EnvSecretResolver, FileSecretResolver
from aqueducts.errors import SecretError


def test_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, also where it is empty."""
    monkeypatch.setenv("PG_PASSWORD", " pw \n")
    monkeypatch.setenv("EMPTY", "")

    assert EnvSecretResolver().resolve("PG_PASSWORD") == " pw \n"
    assert EnvSecretResolver().resolve("EMPTY") == ""


def test_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest name is offered, never a value."""
    monkeypatch.setenv("PG_PASSWORD", "hunter2")

    with pytest.raises(SecretError) as caught:
        EnvSecretResolver().resolve("PG_PASWORD")

    assert caught.value.message == "the environment variable PG_PASWORD is not set"
    assert "export PG_PASWORD=... (there is PG_PASSWORD" in (caught.value.hint or "")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"pw", "pw"),
        (b"pw\n", "pw"),
        (b"pw\r\n", "pw"),
        (b"pw\n\n", "pw\n"),
        (b" two\nlines \n", " two\nlines "),
        ("pä".encode(), "pä"),
        (b"", ""),
    ],
)
def test_a_file(tmp_path: Path, content: bytes, secret: str) -> None:
    """Its text, without the line end that editors add."""
    path = tmp_path / "secret"
    path.write_bytes(content)

    assert FileSecretResolver().resolve(str(path)) == secret


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(SecretError, match=f"the secret file {tmp_path}/none does not exist"):
        FileSecretResolver().resolve(f"{tmp_path}/none")


def test_a_folder(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(SecretError, match="is a folder"):
        FileSecretResolver().resolve(str(tmp_path))


def test_a_file_below_a_file(tmp_path: Path) -> None:
    """What the system says is passed on."""
    (tmp_path / "a").touch()

    with pytest.raises(SecretError, match="cannot be read: Not a directory"):
        FileSecretResolver().resolve(str(tmp_path / "a" / "b"))


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run as a user who may read everything."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(SecretError, match="may not be read"):
        FileSecretResolver().resolve("/run/secrets/pg")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """Its bytes are not in the error, nor in what caused it."""
    path = tmp_path / "secret"
    path.write_bytes(b"hunter2\xff")

    with pytest.raises(SecretError, match="is not UTF-8 text") as caught:
        FileSecretResolver().resolve(str(path))

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    """Somebody named the wrong file."""
    path = tmp_path / "secret"
    with path.open("wb") as stream:
        stream.truncate(2 * 1024 * 1024)

    with pytest.raises(SecretError, match="larger than 1 MB"):
        FileSecretResolver().resolve(str(path))
