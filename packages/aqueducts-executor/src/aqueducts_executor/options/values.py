"""From the text of an option to its value. Each raises ValueError that says what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

__all__ = [
    "choice",
    "executor_id",
    "existing_file",
    "host",
    "memory",
    "orchestrator_url",
    "path",
    "pattern",
    "port",
    "queue_size",
    "seconds",
    "secret",
]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|tb|kib|mib|gib|tib)?", re.IGNORECASE)
_UNITS = {"b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12} | {
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}
_LEAST_MEMORY = 256_000_000
_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,128}")
_REGISTER_PATH = "/ws/executor/register"


def secret(text: str) -> str:
    """A key that an HTTP header can hold."""
    key = text.strip()
    if not key:
        raise ValueError("is empty")
    if not key.isascii() or not key.isprintable():
        raise ValueError("has characters that a header cannot hold: use letters and digits")
    return key


def memory(text: str) -> int:
    """Bytes; a plain number is gigabytes, 0 is no limit."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError("is a size such as 4, 1.5GB or 512MB")
    size = int(float(match[1]) * _UNITS[(match[2] or "gb").lower()])
    if 0 < size < _LEAST_MEMORY:
        raise ValueError("is less than a run needs: give at least 256MB, or 0 for no limit")
    return size


def port(text: str) -> int:
    """A TCP port; 0 lets the system choose."""
    if not text.strip().isdecimal() or int(text) > 65_535:
        raise ValueError("is a port from 0 to 65535")
    return int(text)


def queue_size(text: str) -> int:
    """How many runs may wait."""
    if not text.strip().isdecimal() or int(text) > 100_000:
        raise ValueError("is a number from 0 to 100000")
    return int(text)


def seconds(text: str) -> float:
    """A duration."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*s?", text.strip())
    if match is None:
        raise ValueError("is a number of seconds")
    return float(match[1])


def host(text: str) -> str:
    """An address to listen at."""
    if not text.strip():
        raise ValueError("is an address such as 127.0.0.1, or 0.0.0.0 for all")
    return text.strip()


def choice(*words: str) -> Callable[[str], str]:
    """What takes one of these words."""

    def convert(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"is one of {', '.join(words)}")
        return text.lower()

    return convert


def path(text: str) -> Path:
    """A path; relative ones start at the working directory."""
    if not text.strip() or "\x00" in text:
        raise ValueError("is a path")
    return Path(text).absolute()


def pattern(text: str) -> str:
    """A name, with `*` for anything."""
    if not text.strip() or any(each.isspace() for each in text.strip()):
        raise ValueError("is a name, with * for anything in it")
    return text.strip()


def existing_file(text: str) -> Path:
    """A file that is there."""
    found = path(text)
    if not found.is_file():
        raise ValueError(f"is a file, and there is none at {str(found)!r}")
    return found


def executor_id(text: str) -> str:
    """A name that is good in URLs and file names."""
    if _IDENTIFIER.fullmatch(text) is None:
        raise ValueError("is 1 to 128 letters, digits, dots, underscores and hyphens")
    return text


def orchestrator_url(text: str) -> str:
    """A WebSocket URL; http becomes ws, and the path where executors register is added."""
    parts = urlsplit(text.strip())
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    if parts.scheme.lower() not in schemes or not parts.hostname:
        raise ValueError("is a URL such as wss://orchestrator.example:3000")
    where = parts.path if parts.path.strip("/") else _REGISTER_PATH
    return urlunsplit((schemes[parts.scheme.lower()], parts.netloc, where, parts.query, ""))
