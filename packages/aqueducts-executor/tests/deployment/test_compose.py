"""docker-compose.yml and the Dockerfile as text; the image itself is built in test_image."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from aqueducts_executor.options.table import OPTIONS

ROOT = Path(__file__).resolve().parents[4]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_hadolint_has_nothing_to_say() -> None:
    """The one exception says why."""
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert hadolint is not None
    done = subprocess.run(
        [hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_can_fail(tmp_path: Path) -> None:
    """A Dockerfile that is not so good."""
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert hadolint is not None
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN cd /tmp && apt-get install curl\n")
    done = subprocess.run([hadolint, tmp_path / "Dockerfile"], capture_output=True, check=False)
    assert done.returncode == 1


def test_the_executor_is_a_profile() -> None:
    """The database alone comes up by itself, and the executor after it."""
    services = COMPOSE["services"]
    assert set(services) == {"postgres", "executor"}
    assert "profiles" not in services["postgres"]
    assert services["executor"]["profiles"] == ["executor"]
    assert services["executor"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["executor"]["build"] == "."


def test_the_executor_has_no_rights() -> None:
    """As in the chart; and nothing listens beyond this machine."""
    executor = COMPOSE["services"]["executor"]
    assert executor["read_only"] is True
    assert executor["cap_drop"] == ["ALL"]
    assert executor["security_opt"] == ["no-new-privileges:true"]
    ports = [port for service in COMPOSE["services"].values() for port in service["ports"]]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_variables_are_options_of_the_executor() -> None:
    """Or secrets for pipelines."""
    known = {each.variable for each in OPTIONS}
    given = set(COMPOSE["services"]["executor"]["environment"])
    assert {name for name in given if not name.startswith("AQUEDUCTS_SECRET_")} <= known


def test_everything_that_is_mounted_is_there() -> None:
    """Files of the repository, and volumes that are declared."""
    for service in COMPOSE["services"].values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (ROOT / source).is_file()
            else:
                assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("path", ["requirements/constraints.txt", "deploy/docker/healthcheck.py"])
def test_what_the_build_copies_is_sent_to_it(path: str) -> None:
    """The list of what is ignored leaves it in."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    assert any(Path(path).match(pattern) for pattern in allowed)
    assert (ROOT / path).is_file()
