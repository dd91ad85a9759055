"""Databases for tests: private servers, each in a folder of its own and run by no administrator."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

PASSWORD = "s3cr3t-Pw;x}y"
"""What tears a connection string apart that is put together without quoting."""

USER = "app"
_START_SECONDS = 30
_DRIVERS = Path("/usr/lib") / f"{os.uname().machine}-linux-gnu" / "odbc"


def require(found: object, package: str) -> None:
    """Skip, or fail where it has to be there, naming the Debian package that is missing."""
    if found:
        return
    message = f"needs the Debian package {package}: apt-get install {package}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def driver(file: str, package: str) -> str:
    """The full path of a driver library, so that tests depend on no registration."""
    path = _DRIVERS / file
    require(path.exists(), package)
    return str(path)


_SQL_TYPES: dict[str, dict[pa.DataType, str]] = {
    "postgresql": {
        pa.bool_(): "boolean",
        pa.int16(): "smallint",
        pa.int32(): "integer",
        pa.int64(): "bigint",
        pa.float32(): "real",
        pa.float64(): "double precision",
        pa.string(): "text",
        pa.binary(): "bytea",
        pa.date32(): "date",
        pa.time64("us"): "time",
        pa.timestamp("us"): "timestamp",
    },
    "mysql": {
        pa.bool_(): "bit(1)",
        pa.int8(): "tinyint",
        pa.int16(): "smallint",
        pa.int32(): "int",
        pa.int64(): "bigint",
        pa.uint8(): "tinyint unsigned",
        pa.uint16(): "smallint unsigned",
        pa.uint32(): "int unsigned",
        pa.uint64(): "bigint unsigned",
        pa.float32(): "float",
        pa.float64(): "double",
        pa.string(): "text",
        pa.binary(): "blob",
        pa.date32(): "date",
        pa.time32("s"): "time",
        pa.time64("us"): "time(6)",
        pa.timestamp("s"): "datetime",
        pa.timestamp("ms"): "datetime(3)",
        pa.timestamp("us"): "datetime(6)",
    },
    "sqlite": {
        pa.bool_(): "boolean",
        pa.int64(): "integer",
        pa.float64(): "real",
        pa.string(): "text",
        pa.binary(): "blob",
        pa.date32(): "date",
        pa.time64("us"): "time",
        pa.timestamp("us"): "datetime",
    },
}


class Database:
    """An empty database to use in one test."""

    def __init__(self, kind: str, connection_string: str) -> None:
        self.kind = kind
        """`postgresql`, `mysql` or `sqlite`: the name of the driver's profile."""
        self.connection_string = connection_string
        """With the password in it, quoted."""
        self.server: Any = None
        """The server that it is on; None for SQLite."""
        self.password = PASSWORD
        """Holds what tears a connection string apart; SQLite has none."""
        self.name = ""
        """What the server calls it; the path of the file for SQLite."""

    def execute(self, *statements: str) -> None:
        """Run statements without this project's code, each committed by itself."""
        if self.server is None:
            with contextlib.closing(sqlite3.connect(self.name)) as connection:
                for statement in statements:
                    connection.execute(statement)
                connection.commit()
            return
        self.server.run(statements, self.name)

    def rows(self, query: str) -> list[tuple[str | None, ...]]:
        """The result of a query as texts, without this project's code; None is NULL.

        Texts must hold neither tabs nor line breaks.
        """
        if self.server is None:
            with contextlib.closing(sqlite3.connect(self.name)) as connection:
                found = connection.execute(query).fetchall()
            return [tuple(None if value is None else str(value) for value in row) for row in found]
        lines = self.server.run([query], self.name).splitlines()
        return [
            tuple(None if part == self.server.null else part for part in line.split("\t"))
            for line in lines
        ]

    def fill(self, name: str, table: pa.Table, columns: Mapping[str, str] | None = None) -> None:
        """Make a table with these rows; `columns` are types in SQL where the usual ones do not do.

        Values go through literals, not through this project's code.
        """
        kinds = {
            field.name: (columns or {}).get(field.name, self.sql_type(field.type))
            for field in table.schema
        }
        declared = ", ".join(f"{self.quote(column)} {kind}" for column, kind in kinds.items())
        statements = [f"CREATE TABLE {self.quote(name)} ({declared})"]
        for batch in table.to_batches(max_chunksize=500):
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            values = ", ".join(f"({', '.join(self.literal(each) for each in row)})" for row in rows)
            statements.append(f"INSERT INTO {self.quote(name)} VALUES {values}")
        self.execute(*statements)

    def quote(self, name: str) -> str:
        """A name as SQL has it."""
        mark = "`" if self.kind == "mysql" else '"'
        return mark + name.replace(mark, mark * 2) + mark

    def sql_type(self, data_type: pa.DataType) -> str:
        """The type of a column whose values come back as this type."""
        if pa.types.is_decimal(data_type):
            return f"decimal({data_type.precision}, {data_type.scale})"
        if data_type == pa.timestamp("us", "UTC"):
            return "timestamptz"
        return _SQL_TYPES[self.kind][data_type]

    def literal(self, value: Any) -> str:
        """A value as SQL has it."""
        match value:
            case None:
                return "NULL"
            case bool():
                return str(value).upper()
            case int() | Decimal():
                return str(value)
            case float():
                return repr(value)
            case bytes():
                return f"'\\x{value.hex()}'" if self.kind == "postgresql" else f"x'{value.hex()}'"
            case datetime.datetime():
                return f"'{value.isoformat(' ')}'"
            case datetime.date() | datetime.time():
                return f"'{value.isoformat()}'"
        text = str(value).replace("'", "''")
        return "'" + (text.replace("\\", "\\\\") if self.kind == "mysql" else text) + "'"

    def config(self, **fields: Any) -> dict[str, Any]:
        """Fields of a source or destination."""
        return {"type": "odbc", "connection_string": self.connection_string, **fields}


class _Server:
    """A server process that is ended by its own id."""

    def __init__(self, prefix: str, account: str) -> None:
        # Not in pytest's folder: the path of a socket may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
        self.folder.chmod(0o755)
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # both servers refuse to be run by root
            entry = pwd.getpwnam(account)
            self._as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)

    def _call(self, command: Sequence[str], *, text: str | None = None) -> str:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
            **self._as_user,
        )
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name}: {done.stdout}\n{done.stderr}")
        return str(done.stdout)

    def _start(self, command: Sequence[str]) -> None:
        with (self.folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, **self._as_user
            )

    def _wait(self, ping: Sequence[str]) -> None:
        assert self.process is not None
        deadline = time.monotonic() + _START_SECONDS
        while subprocess.run(ping, capture_output=True, check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / "server.log").read_text(errors="replace")
                raise RuntimeError(f"the server did not start:\n{log}")
            time.sleep(0.05)

    def next_name(self) -> str:
        """A name for a database."""
        return f"db{next(self._numbers)}"

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgresServer(_Server):
    """A PostgreSQL cluster; passwords are checked (SCRAM)."""

    null = "\\N"

    def __init__(self) -> None:
        self.library = driver("psqlodbcw.so", "odbc-postgresql")
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name)
        require(programs, "postgresql")
        self._programs = programs[-1]
        super().__init__("aq-pg-", "postgres")

    def start(self) -> None:
        """Make the cluster and start it."""
        folder = self.folder
        (folder / "pw").write_text(PASSWORD)
        (folder / "pw").chmod(0o644)
        self._call(
            [
                *(str(self._programs / "initdb"), "-D", str(folder / "data"), "-U", USER),
                *("-A", "scram-sha-256", "--pwfile", str(folder / "pw")),
                *("-E", "UTF8", "--no-locale", "--no-sync"),
            ]
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            # Tests must not depend on the zone of the server.
            "timezone": "Asia/Kolkata",
        }
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
        self._start([str(self._programs / "postgres"), "-D", str(folder / "data")])
        ready = str(self._programs / "pg_isready")
        self._wait([ready, "-q", "-h", str(folder), "-p", str(self.port)])

    def stop(self) -> None:
        """End the server, and the connections with it."""
        if self.process is not None:
            import signal

            self.process.send_signal(signal.SIGINT)
        super().stop()

    def run(self, statements: Sequence[str], database: str) -> str:
        """Run statements with psql."""
        command = [
            *(str(self._programs / "psql"), "-X", "-q", "-A", "-t", "-F", "\t"),
            *("-P", f"null={self.null}", "-v", "ON_ERROR_STOP=1"),
            *("-h", str(self.folder), "-p", str(self.port), "-U", USER, "-d", database),
        ]
        done = subprocess.run(
            command,
            input="".join(f"{statement};\n" for statement in statements),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGPASSWORD": PASSWORD, "PGTZ": "UTC"},
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def database(self) -> Database:
        """A new empty database."""
        name = self.next_name()
        self.run([f"CREATE DATABASE {name} TEMPLATE template0"], "postgres")
        quoted = PASSWORD.replace("}", "}}")
        database = Database(
            "postgresql",
            f"Driver={self.library};Server=127.0.0.1;Port={self.port};Database={name};"
            f"UID={USER};PWD={{{quoted}}}",
        )
        database.server, database.name = self, name
        return database

    def drop(self, database: Database) -> None:
        """Remove it, whoever is connected."""
        self.run([f"DROP DATABASE {database.name} WITH (FORCE)"], "postgres")


class MariaDbServer(_Server):
    """A MariaDB server."""

    null = "NULL"

    def __init__(self) -> None:
        self.library = driver("libmaodbc.so", "odbc-mariadb")
        self._program = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin") or ""
        self._install = shutil.which("mariadb-install-db") or ""
        require(self._program and self._install, "mariadb-server")
        super().__init__("aq-my-", "mysql")

    @property
    def _socket(self) -> Path:
        return self.folder / "my.sock"

    def start(self) -> None:
        """Make the data folder and start the server."""
        data = self.folder / "data"
        self._call(
            [
                *(self._install, "--no-defaults", f"--datadir={data}", "--skip-test-db"),
                "--auth-root-authentication-method=normal",
            ]
        )
        self._start(
            [
                *(self._program, "--no-defaults", f"--datadir={data}", f"--socket={self._socket}"),
                *(f"--port={self.port}", "--bind-address=127.0.0.1"),
                *(f"--pid-file={self.folder / 'my.pid'}", "--innodb-flush-log-at-trx-commit=0"),
                *("--character-set-server=utf8mb4", "--default-time-zone=+05:30"),
            ]
        )
        self._wait(["mariadb-admin", "--no-defaults", f"--socket={self._socket}", "-uroot", "ping"])
        password = PASSWORD.replace("'", "''")
        for host in ("localhost", "127.0.0.1"):
            self.run(
                [
                    f"CREATE USER '{USER}'@'{host}' IDENTIFIED BY '{password}'",
                    f"GRANT ALL ON *.* TO '{USER}'@'{host}' WITH GRANT OPTION",
                ],
                "mysql",
            )

    def run(self, statements: Sequence[str], database: str) -> str:
        """Run statements with the mariadb client."""
        done = subprocess.run(
            [
                *("mariadb", "--no-defaults", f"--socket={self._socket}", "-uroot", "-N", "-B"),
                *("--default-character-set=utf8mb4", "-D", database),
            ],
            input="".join(f"{statement};\n" for statement in statements),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def database(self) -> Database:
        """A new empty database."""
        name = self.next_name()
        self.run([f"CREATE DATABASE {name}"], "mysql")
        quoted = PASSWORD.replace("}", "}}")
        database = Database(
            "mysql",
            f"Driver={self.library};Server=127.0.0.1;Port={self.port};Database={name};"
            f"UID={USER};PWD={{{quoted}}}",
        )
        database.server, database.name = self, name
        return database

    def drop(self, database: Database) -> None:
        """Remove it."""
        self.run([f"DROP DATABASE {database.name}"], "mysql")


class SqliteFolder:
    """Files of SQLite databases."""

    def __init__(self) -> None:
        self.library = driver("libsqlite3odbc.so", "libsqliteodbc")
        self.folder = Path(tempfile.mkdtemp(prefix="aq-lite-"))
        self._numbers = itertools.count()

    def database(self) -> Database:
        """A new empty database."""
        path = self.folder / f"db{next(self._numbers)}.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("VACUUM")  # writes the file
        database = Database("sqlite", f"Driver={self.library};Database={path}")
        database.name = str(path)
        return database

    def drop(self, database: Database) -> None:
        """Remove it."""
        Path(database.name).unlink(missing_ok=True)

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Remove all files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def running(server: Any) -> Iterator[Any]:
    """The body of a fixture: a server that is there for the whole test run."""
    try:
        server.start()
        yield server
    finally:
        server.stop()


def empty_database(server: Any) -> Iterator[Database]:
    """The body of a fixture: a database of one test."""
    database = server.database()
    yield database
    server.drop(database)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for all tests."""
    yield from running(PostgresServer())


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[MariaDbServer]:
    """A MariaDB server for all tests."""
    yield from running(MariaDbServer())


@pytest.fixture(scope="session")
def sqlite_folder() -> Iterator[SqliteFolder]:
    """A folder for SQLite files."""
    yield from running(SqliteFolder())


@pytest.fixture
def postgresql(postgresql_server: PostgresServer) -> Iterator[Database]:
    """An empty PostgreSQL database."""
    yield from empty_database(postgresql_server)


@pytest.fixture
def mysql(mysql_server: MariaDbServer) -> Iterator[Database]:
    """An empty MariaDB database."""
    yield from empty_database(mysql_server)


@pytest.fixture
def sqlite(sqlite_folder: SqliteFolder) -> Iterator[Database]:
    """An empty SQLite database."""
    yield from empty_database(sqlite_folder)


@pytest.fixture(params=["postgresql", "mysql", "sqlite"])
def database(request: pytest.FixtureRequest) -> Any:
    """An empty database of each kind."""
    return request.getfixturevalue(request.param)
