"""What drivers report, and what to do about it.

Most of it is met for real in the other tests; these are the words of drivers for what a test cannot
bring about.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aqueducts.errors import SourceError
from aqueducts.testing import Bench
from aqueducts_odbc.connection_config import ConnectionConfig
from aqueducts_odbc.connections import open_connection
from aqueducts_odbc.failures import failure, lost
from aqueducts_odbc.targets import Target, target_of
from aqueducts_odbc.worker.process import CommandFailedError, ProcessLostError
from aqueducts_odbc.worker.wire import Failed

if TYPE_CHECKING:
    from conftest import Database

PASSWORD = "s3cr3t-Pw;x}y"


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A database that nobody connects to."""
    config = ConnectionConfig(
        type="odbc",
        name="t",
        connection_string="Driver={PostgreSQL Unicode};PWD={s3cr3t-Pw;x}}y}",
    )
    with Bench(tmp_path) as bench:
        return target_of(config, bench.context, SourceError)


def _reported(target: Target, state: str, text: str) -> SourceError:
    message = (
        f"ODBC emitted an error calling 'SQLExecDirect':\nState: {state}, Native error: 7, "
        f"Message: [unixODBC]{text}"
    )
    error = failure(CommandFailedError(Failed(message)), target, "it failed")
    assert isinstance(error, SourceError)
    return error


@pytest.mark.parametrize(
    ("state", "text", "hint"),
    [
        ("28000", "[MySQL]Access denied for user 'app'@'db'", "refuses the user or the password"),
        ("08001", "could not translate host name", "look at Server"),
        ("08S01", "[FreeTDS][SQL Server]Unable to connect", "nothing listens there"),
        ("08S01", "Communication link failure", "the connection broke"),
        ("40P01", "deadlock detected", "run again"),
        ("HYT00", "Timeout expired", "login_timeout or query_timeout"),
        ("42501", "permission denied for table t", "ask for the permission"),
        ("01000", "[Driver Manager]Can't open lib 'Oracle' : file not found", "registered drivers"),
        ("01000", "[Driver Manager]Can't open lib 'libmaodbc.so' : file not found", "MariaDB"),
        ("IM002", "[Driver Manager]Data source name not found", "Data sources that are registered"),
        ("HY000", 'near "selec": syntax error (1)', "in its SQL"),
    ],
)
def test_errors_say_what_to_do(
    target: Target,
    state: str,
    text: str,
    hint: str,
    sqlite: Database,
) -> None:
    """By the SQLSTATE, or by the driver's words."""
    error = _reported(target, state, text)
    assert error.hint is not None
    assert hint in error.hint
    assert f"(SQLSTATE {state})" in error.message
    assert "[unixODBC]" not in error.message


def test_passwords_are_left_out(target: Target) -> None:
    """Of what drivers report, of the last words of one that crashed, and of what is shown."""
    error = _reported(target, "HY000", f"bad string: PWD={{{PASSWORD}}} or {PASSWORD}")
    assert "3cr3t" not in str(error)
    words = f"thread 'main' panicked at src/lib.rs:5:\nno {PASSWORD} here\nnote: run with"
    crash = lost(ProcessLostError(-6, words, is_given_up=False), target, "it failed")
    assert crash.note == "no *** here"
    assert "SIGABRT" in crash.message
    assert "3cr3t" not in repr(target)


@pytest.mark.parametrize(("status", "how"), [(3, "ended with status 3"), (-15, "ended by SIGTERM")])
def test_other_ends_are_told(target: Target, status: int, how: str) -> None:
    """A driver may also call exit."""
    error = lost(ProcessLostError(status, "", is_given_up=False), target, "it failed")
    assert how in error.message
    assert error.note is None


def test_a_missing_driver_manager_is_told(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the packages to install; a fake arrow-odbc says what the real one says then."""
    words = "cannot load library 'x.so': libodbc.so.2: cannot open shared object file"
    (tmp_path / "arrow_odbc.py").write_text(f"raise OSError({words!r})\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    config = ConnectionConfig(name="t", **sqlite.config())
    with Bench(tmp_path) as bench:
        found = target_of(config, bench.context, SourceError)
        with (
            pytest.raises(SourceError, match="apt-get install unixodbc libsqliteodbc"),
            open_connection(found),
        ):
            pass
