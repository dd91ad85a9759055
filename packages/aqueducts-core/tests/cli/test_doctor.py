"""`aqueducts doctor`: it answers whatever is broken, and says what to do."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import pytest

import aqueducts

Answers: TypeAlias = dict[str, dict[str, Any]]

_PLUGIN = """
import time

import aqueducts
from aqueducts.health import Health, HealthCheck


def _broken():
    raise LookupError("no such file: {home}/settings")


@aqueducts.hookimpl
def aqueducts_doctor_checks():
    return [
        HealthCheck("driver", lambda: Health(facts={{"size_bytes": 2_000_000, "load_ms": 1500.0}})),
        HealthCheck("server", lambda: Health("warning", message="it is old", help="update it")),
        HealthCheck("settings", _broken),
        HealthCheck("nonsense", lambda: None),
        HealthCheck("login", lambda: Health(facts={{"text": "password {password} is set"}})),
    ]
"""


class Doctor:
    """The command in a process, with modules that come before those that are installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()

    def write(self, name: str, text: str) -> None:
        """Put a module, or a file of a distribution, before those that are installed."""
        path = self.folder / "modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def write_plugin(self, name: str, text: str, hooks: str = "") -> None:
        """A distribution with one plugin."""
        self.write(f"{name}_plugin.py", text)
        info = f"{name}-1.0.dist-info"
        self.write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        self.write(f"{info}/entry_points.txt", f"[aqueducts]\n{name} = {name}_plugin\n{hooks}")

    def __call__(
        self,
        *arguments: str,
        environment: Mapping[str, str] = MappingProxyType({}),
        before: Callable[[], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it, without what surrounds the tests."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("AQUEDUCTS_")
        }
        path = os.pathsep.join([str(self.folder / "modules"), *filter(None, sys.path)])
        settings = {"PYTHONPATH": path, "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            [sys.executable, "-P", "-m", "aqueducts", "doctor", *arguments],
            env={**kept, **settings, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            preexec_fn=before,
            check=False,
        )

    def answers(self, *arguments: str, **options: Any) -> tuple[int, Answers]:
        """Exit code, and the checks by their names."""
        done = self("--output", "json", *arguments, **options)
        assert done.stderr == ""
        found = json.loads(done.stdout)
        assert found["schema_version"] == 1
        assert (found["status"] == "error") is (done.returncode == 1)
        return done.returncode, {check["name"]: check for check in found["checks"]}


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    """The command."""
    return Doctor(tmp_path)


def test_all_is_told(doctor: Doctor) -> None:
    """Each check has facts, and nothing is wrong with the Python that runs the tests."""
    code, answers = doctor.answers()
    assert code == 0
    assert next(iter(answers)) == "python"
    assert answers["aqueducts"]["facts"]["aqueducts-core"] == aqueducts.__version__
    assert set(answers["libraries"]["facts"]) >= {"datafusion", "pyarrow", "click", "pydantic"}
    assert answers["memory"]["facts"]["total_bytes"] > 0
    assert answers["processors"]["facts"]["count"] >= 1
    assert answers["disk"]["facts"]["folder"] == "the system's"
    assert answers["disk"]["facts"]["free_bytes"] > 0
    assert answers["file descriptors"]["facts"]["limit"] >= 1
    assert answers["plugins"]["facts"]["builtin_load_ms"] > 0
    assert answers["engine"]["plugin"] == "builtin"
    assert answers["engine"]["facts"]["query_ms"] > 0
    assert {each["status"] for each in answers.values()} <= {"ok", "warning"}


def test_people_get_lines(doctor: Doctor) -> None:
    """A line for each check; with `--quiet` for problems only."""
    shown = doctor().stdout
    assert f"✓ aqueducts         aqueducts-core {aqueducts.__version__}" in shown
    assert "✓ builtin: engine   pyarrow " in shown
    quiet = doctor("-q", environment={"AQUEDUCTS_THREDS": "2"}).stdout
    assert quiet.startswith("! environment")
    assert "help: rename to AQUEDUCTS_THREADS\n" in quiet
    assert quiet.splitlines()[-1].endswith("1 warning")
    assert "✓" not in quiet


@pytest.mark.parametrize(
    ("module", "text", "words"),
    [
        ("pyarrow", "raise ImportError('libarrow.so: no such file')", "libarrow.so: no such file"),
        ("pyarrow", "def (", "SyntaxError"),
        ("datafusion", "raise ImportError('older than it should be')", "older than it should be"),
        ("datafusion", "import os; os.kill(os.getpid(), 11)", "the process died of SIGSEGV"),
        ("datafusion", "import os; os._exit(3)", "exit code 3"),
        ("datafusion", "", "a query fails: AttributeError"),
    ],
)
def test_a_broken_engine(doctor: Doctor, module: str, text: str, words: str) -> None:
    """It is told with its reason, and everything else is told as well."""
    doctor.write(f"{module}.py", text)
    code, answers = doctor.answers()
    assert code == 1
    assert answers["engine"]["status"] == "error"
    assert words in answers["engine"]["message"]
    assert f"pip install --force-reinstall {module}" in answers["engine"]["help"]
    assert [name for name, each in answers.items() if each["status"] == "error"] == ["engine"]


def test_a_broken_library_of_core(doctor: Doctor) -> None:
    """Where not even plugins can be looked for, the rest is told."""
    doctor.write("pydantic.py", "raise ImportError('not for this Python')")
    code, answers = doctor.answers()
    assert code == 1
    assert "not for this Python" in answers["plugins"]["message"]
    assert answers["disk"]["facts"]["free_bytes"] > 0


def test_versions_that_do_not_fit(doctor: Doctor) -> None:
    """Libraries are held against what core asks for, and the distributions against each other."""
    for name, version in (("pyarrow", "12.0.1"), ("aqueducts-delta", "0.0.1")):
        doctor.write(
            f"{name.replace('-', '_')}-{version}.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        )
    code, answers = doctor.answers()
    assert code == 1
    assert "pyarrow 12.0.1 is not in the range" in answers["libraries"]["message"]
    assert "pip install 'pyarrow" in answers["libraries"]["help"]
    assert "different versions" in answers["aqueducts"]["message"]
    assert f"aqueducts-delta=={aqueducts.__version__}" in answers["aqueducts"]["help"]


@pytest.mark.parametrize(
    ("requirement", "is_met"),
    [
        ("click>=8,<9", True),
        ("click==8.*", True),
        ("click==8.*,!=8.99", True),
        ("click>7.1", True),
        ("click<=8", False),
        ("click!=8.*", False),
        ("click<8", False),
        ("click>99", False),
        ("not-there", False),
        ("not-there; extra == 'more'", True),
    ],
)
def test_requirements(doctor: Doctor, requirement: str, is_met: bool) -> None:
    """Core's own, in all spellings."""
    doctor.write(
        "aqueducts_core-0.1.0.dist-info/METADATA",
        f"Metadata-Version: 2.1\nName: aqueducts-core\nVersion: 0.1.0\n"
        f"Requires-Dist: {requirement}\n",
    )
    _, answers = doctor.answers()
    assert (answers["libraries"]["status"] == "ok") is is_met


def test_plugins_bring_checks(doctor: Doctor) -> None:
    """Theirs are asked as the others are; one that fails takes nothing down."""
    text = _PLUGIN.format(home=doctor.home, password="hunter2000")
    doctor.write_plugin("fake", text)
    code, answers = doctor.answers(environment={"FAKE_PASSWORD": "hunter2000"})
    assert code == 1
    assert answers["driver"] == {
        "name": "driver",
        "plugin": "fake",
        "status": "ok",
        "facts": {"size_bytes": 2_000_000, "load_ms": 1500.0},
        "message": None,
        "help": None,
    }
    assert answers["server"]["status"] == "warning"
    message = answers["settings"]["message"]
    assert message == "the check failed: LookupError: no such file: ~/settings"
    assert "NoneType, which is no Health" in answers["nonsense"]["message"]
    assert answers["login"]["facts"] == {"text": "password *** is set"}
    lines = doctor().stdout
    assert "✓ fake: driver      size 2.0 MB, load 1.5 s\n" in lines
    assert "! fake: server\n    warning: it is old\n    help: update it\n" in lines


def test_a_broken_plugin(doctor: Doctor) -> None:
    """It is told with its reason, and how it is mended."""
    doctor.write_plugin("fake", "import no_such_driver")
    code, answers = doctor.answers()
    assert code == 1
    assert "fake of fake cannot be loaded: ModuleNotFoundError" in answers["plugins"]["message"]
    assert answers["plugins"]["help"].endswith("pip install --force-reinstall fake")
    assert answers["engine"]["status"] == "ok"


def test_a_broken_hook(doctor: Doctor) -> None:
    """A plugin whose checks cannot be asked for."""
    doctor.write_plugin(
        "fake", "import aqueducts\n@aqueducts.hookimpl\ndef aqueducts_doctor_checks(): return 1 / 0"
    )
    code, answers = doctor.answers()
    assert code == 1
    assert "aqueducts_doctor_checks of fake failed" in answers["checks"]["message"]
    assert answers["engine"]["status"] == "ok"


def test_two_plugins_with_one_name(doctor: Doctor) -> None:
    """Nothing of that kind could be used."""
    doctor.write_plugin("fake", "from aqueducts.builtin.plugin import aqueducts_secret_resolvers")
    code, answers = doctor.answers()
    assert code == 1
    assert "is offered by two plugins" in answers["plugins"]["message"]


def test_names_of_variables_only(doctor: Doctor) -> None:
    """What they hold is not shown, also where it is a folder."""
    secret = str(doctor.folder / "somewhere")
    environment = {"AQUEDUCTS_SPILL_DIR": secret, "AQUEDUCTS_PARAMS": f"a={secret}"}
    done = doctor(environment=environment)
    assert "set: AQUEDUCTS_PARAMS, AQUEDUCTS_SPILL_DIR" in done.stdout
    assert "folder AQUEDUCTS_SPILL_DIR" in done.stdout
    assert secret not in done.stdout


def test_folders_for_temporary_files(doctor: Doctor) -> None:
    """One that is in memory, one that is not there yet, one that cannot be."""
    _, answers = doctor.answers("--spill-dir", "/dev/shm")
    assert answers["disk"]["facts"]["folder"] == "--spill-dir"
    assert answers["disk"]["facts"]["file_system"] == "tmpfs"
    assert "in memory" in answers["disk"]["message"]
    _, answers = doctor.answers("--spill-dir", str(doctor.folder / "not" / "yet"))
    assert answers["disk"]["status"] != "error"
    (doctor.folder / "file").write_text("")
    code, answers = doctor.answers("--spill-dir", str(doctor.folder / "file" / "x"))
    assert code == 1
    assert "temporary files cannot be written" in answers["disk"]["message"]


def test_limits_of_the_process(doctor: Doctor) -> None:
    """Few file descriptors, and a limited address space."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 300))
        resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))

    code, answers = doctor.answers(before=limit)
    assert code == 0
    assert answers["file descriptors"]["help"] == "raise the limit: ulimit -n 300"
    assert "address space is limited" in answers["memory"]["message"]


def test_other_encodings(doctor: Doctor) -> None:
    """A warning, and plain marks where the terminal has no others."""
    plain = {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "",
    }
    _, answers = doctor.answers(environment=plain)
    assert answers["text"]["status"] == "warning"
    assert "C.UTF-8" in answers["text"]["help"]
    assert "ok aqueducts" in doctor(environment=plain).stdout
