"""The options as the executor uses them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """Every option, converted and checked."""

    api_key: str = field(repr=False)
    host: str
    port: tuple[int, ...]
    max_memory: int
    """Bytes; 0 is no limit."""
    mode: str
    orchestrator_url: str | None
    executor_id: str | None
    log_level: str
    data_root: tuple[Path, ...]
    queue_size: int
    state_dir: Path
    tls_cert: Path | None
    tls_key: Path | None
    allow_endpoint: tuple[str, ...]
    allow_secret: tuple[str, ...]
    sandbox: str
    shutdown_grace: float
    """Seconds."""
    max_run_seconds: float
