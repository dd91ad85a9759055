"""The image, built from the Dockerfile as it is, and run with as few rights as in a cluster."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import aqueducts

from .conftest import IMAGE, Containers

KEY = "the-key-of-this-test-0123"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the base may have to be made first


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that belongs to the user of the image."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "people.csv").write_text("name,age\nAnn,31\nBob,17\n")
    for path in (folder, folder / "people.csv"):
        os.chown(path, 10001, 10001)
    return folder


@pytest.fixture(scope="module")
def executor(containers: Containers, data: Path) -> Iterator[tuple[str, str]]:
    """A container that answers: its id and its address."""
    running = containers.run(
        *("--env", f"AQUEDUCTS_API_KEY={KEY}"),
        *("--volume", f"{data}:/data"),
        *("--publish", "127.0.0.1::3031"),
        *("--memory", "1g"),
        IMAGE,
    )
    address = containers.podman("port", running, "3031").stdout.strip()
    try:
        _wait_for(containers, running, address)
        yield running, address
    finally:
        containers.podman("rm", "--force", running, check=False)


def _wait_for(containers: Containers, running: str, address: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with opener.open(f"http://{address}/health", timeout=2) as answer:
                assert json.loads(answer.read()) == {"status": "OK"}
                return
        except OSError:
            time.sleep(0.2)
    logs = containers.podman("logs", running, check=False)
    pytest.fail(f"no answer from the container: {logs.stdout}{logs.stderr}")


def _health_check(containers: Containers) -> list[str]:
    kind, *command = containers.inspect(IMAGE)["Healthcheck"]["Test"]
    assert kind == "CMD"
    return [str(word) for word in command]


def test_the_image_says_how_to_run_it(containers: Containers) -> None:
    """Not as root, with a check, and with places for what it keeps."""
    config = containers.inspect(IMAGE)["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["aqueducts-executor"]
    assert set(config["ExposedPorts"]) == {"3031/tcp"}
    assert set(config["Volumes"]) == {"/data", "/state"}
    assert config["StopSignal"] == "SIGTERM"
    assert _health_check(containers)[0] == "python"
    assert not [each for each in config["Env"] if "API_KEY" in each]


def test_it_runs_a_pipeline_without_rights(
    executor: tuple[str, str], data: Path, containers: Containers
) -> None:
    """With a root file system that cannot be written."""
    running, address = executor
    client = aqueducts.Executor(address, api_key=KEY)
    status = asyncio.run(client.status())
    assert [each.split()[0] for each in status.plugins] == ["builtin", "cloud", "delta", "odbc"]
    pipeline = aqueducts.load_text("""
sources: [{type: file, name: people, format: {type: csv}, location: people.csv}]
stages: [[{name: adults, query: SELECT name FROM people WHERE age > 18}]]
destination: {type: file, name: out, format: {type: csv}, location: out.csv}
""")
    result = client.run_sync(pipeline)
    assert result.rows == 1
    assert (data / "out.csv").read_text() == "name\nAnn\n"
    tried = containers.podman("exec", running, "touch", "/opt/aqueducts/x", check=False)
    assert "Read-only file system" in tried.stderr


def test_other_files_stay_out_of_reach(executor: tuple[str, str]) -> None:
    """The data root is the folder of data."""
    client = aqueducts.Executor(executor[1], api_key=KEY)
    pipeline = aqueducts.load_text("""
sources: [{type: file, name: users, format: {type: csv}, location: /etc/passwd}]
stages: [[{name: all_users, query: SELECT * FROM users, show: 1}]]
""")
    with pytest.raises(aqueducts.AqueductsError, match="/etc/passwd"):
        client.run_sync(pipeline)


def test_the_health_check_is_the_executor_s_word(
    executor: tuple[str, str], containers: Containers
) -> None:
    """It fails where nothing answers."""
    running, _ = executor
    command = _health_check(containers)
    containers.podman("exec", running, *command)
    wrong = ["exec", "--env", "AQUEDUCTS_PORT=1", running, *command]
    assert containers.podman(*wrong, check=False).returncode == 1


def test_drivers_of_databases_are_there(executor: tuple[str, str], containers: Containers) -> None:
    """Those of PostgreSQL and SQLite, and they can be loaded."""
    running, _ = executor
    listed = containers.podman("exec", running, "odbcinst", "-q", "-d").stdout
    assert {"[PostgreSQL Unicode]", "[SQLite3]"} <= set(listed.split("\n"))
    query = (
        "import arrow_odbc as a;"
        "r = a.read_arrow_batches_from_odbc('SELECT 1 AS n',"
        " connection_string='Driver=SQLite3;Database=:memory:');"
        "print(next(iter(r)).to_pylist())"
    )
    found = containers.podman("exec", running, "python", "-c", query).stdout
    assert found.strip() == "[{'n': 1}]"


def test_it_ends_when_it_is_asked_to(executor: tuple[str, str], containers: Containers) -> None:
    """By itself, before it is killed; last, since it is gone then."""
    running, _ = executor
    containers.podman("stop", "--time", "40", running)
    state = containers.podman("inspect", "--format", "{{.State.ExitCode}}", running).stdout
    assert state.strip() == "0"


def test_without_a_key_it_does_not_start(containers: Containers) -> None:
    """And says how to make one."""
    running = containers.run(IMAGE)
    code = containers.podman("wait", running).stdout.strip()
    logs = containers.podman("logs", running)
    assert code != "0"
    assert "AQUEDUCTS_API_KEY" in logs.stdout + logs.stderr
