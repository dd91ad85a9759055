"""The kernel's own wall around what a worker may open: Landlock, where the kernel has it.

What is asked of `aqueducts.access` is asked before a file is opened; a link that changes in
between, or a driver that opens what a connection string names, gets past it. The kernel is asked
at the opening itself. Needs no privilege. Threads that are there already are not held by it, so it
is raised before the engine is imported.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["raise_wall", "wall_version"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_GET_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_RIGHTS_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Rights that a version of Landlock knows; it refuses to hear of others."""

_SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/opt",
    "/proc",
    "/sys",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
)
_CONFIGURATION = (
    "ca-certificates",
    "crypto-policies",
    "gai.conf",
    "host.conf",
    "hosts",
    "krb5.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "nsswitch.conf",
    "odbc.ini",
    "odbcinst.ini",
    "ODBCDataSources",
    "pki",
    "protocols",
    "resolv.conf",
    "services",
    "ssl",
    "timezone",
)
"""Below /etc: what drivers and resolvers need. Not who the users are, nor their keys."""
_OF_THE_USER = (".aws", ".azure", ".config/gcloud", ".odbc.ini", ".odbcinst.ini", ".pgpass")
"""Below the home folder: credentials that whoever runs the executor has put there for drivers."""
_NAMED_BY = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AZURE_FEDERATED_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "KRB5_CONFIG",
    "KRB5CCNAME",
    "ODBCINI",
    "ODBCINSTINI",
    "ODBCSYSINI",
    "PGPASSFILE",
    "PGSSLROOTCERT",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
)
"""Variables that name files of that kind."""
_DEVICES = ("/dev/null", "/dev/shm")  # noqa: S108 - shared memory, not a file of ours


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def wall_version() -> int:
    """The version of Landlock that the kernel has; 0 for none."""
    if sys.platform != "linux":
        return 0
    version: int = ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, 0, _GET_VERSION)
    return max(0, version)


def raise_wall(writable: Sequence[str], readable: Sequence[str]) -> bool:
    """Let this process open only these folders and what drivers need, from now on.

    Returns False where the kernel has no such wall, or it would not stand.
    """
    version = wall_version()
    if version == 0:
        return False
    known = max(each for each in _RIGHTS_BY_VERSION if each <= version)
    rights = _RIGHTS_BY_VERSION[known]
    libc = ctypes.CDLL(None, use_errno=True)
    handled = ctypes.c_uint64(rights)
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.sizeof(handled), 0)
    if rules < 0:
        return False
    try:
        for path in (*writable, *_DEVICES):
            _allow(libc, rules, path, rights)
        for path in _existing([*readable, *_needed()]):
            _allow(libc, rules, path, _READ)
        is_ready: int = libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        is_up: int = -1 if is_ready else libc.syscall(_RESTRICT_SELF, rules, 0)
        return is_up == 0
    finally:
        os.close(rules)


def _needed() -> Iterable[str]:
    """What Python, its packages and drivers read."""
    yield from _SYSTEM
    yield from (f"/etc/{name}" for name in _CONFIGURATION)
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values())
    yield from (each for each in sys.path if each)
    home = os.environ.get("HOME", "")
    if home.startswith("/") and home != "/":
        yield from (f"{home}/{name}" for name in _OF_THE_USER)
    yield from (os.environ[name] for name in _NAMED_BY if name in os.environ)


def _existing(paths: Iterable[str]) -> list[str]:
    return [each for each in dict.fromkeys(paths) if each.startswith("/") and Path(each).exists()]


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    """What is not there, or may not be opened, needs no permission."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _ON_FILES
        rule = _PathBeneath(rights, opened)
        libc.syscall(_ADD_RULE, rules, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(opened)
