"""Every option, once: flags, variables, keys of the file and the documents come from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aqueducts_executor.options import values

__all__ = ["OPTIONS", "OptionSpec"]


@dataclass(frozen=True)
class OptionSpec:
    """One option. Its flag is `--x-y`, its variable `AQUEDUCTS_X_Y`, its key `x_y`."""

    name: str
    """With underscores."""
    convert: Callable[[str], Any]
    default: str | None
    help: str
    aliases: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    """Other names in the environment."""
    is_secret: bool = False
    """Masked where it is shown; `X_FILE` names a file that holds it."""
    separator: str | None = None
    """Of the values in one variable, where an option may be given more than once."""

    @property
    def flag(self) -> str:
        """On the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """In the environment."""
        return f"AQUEDUCTS_{self.name.upper()}"


OPTIONS = (
    OptionSpec(
        "api_key", values.secret, None, "Key that clients send in X-API-Key.", is_secret=True
    ),
    OptionSpec("host", values.host, "0.0.0.0", "Address to listen at."),  # noqa: S104 - the documented default
    OptionSpec(
        "port",
        values.port,
        "3031",
        "Port to listen at; may be given more than once.",
        separator=",",
    ),
    OptionSpec(
        "max_memory",
        values.memory,
        "0",
        "Memory that a run may take: gigabytes, or with a unit such as 512MB; 0 is no limit.",
    ),
    OptionSpec(
        "mode",
        values.choice("standalone", "managed"),
        "standalone",
        "Whether clients call the executor, or it calls an orchestrator.",
        variables=("EXECUTOR_MODE",),
    ),
    OptionSpec(
        "orchestrator_url",
        values.orchestrator_url,
        None,
        "Orchestrator to register at; implies managed mode.",
        aliases=("server_url",),
        variables=("ORCHESTRATOR_URL",),
    ),
    OptionSpec(
        "executor_id",
        values.executor_id,
        None,
        "Name of this executor; made once and kept where it is left out.",
    ),
    OptionSpec(
        "log_level",
        values.choice("info", "debug", "trace"),
        "info",
        "How much is logged.",
    ),
    OptionSpec(
        "data_root",
        values.path,
        ".",
        "Folder whose files runs may use; may be given more than once, and / opens everything.",
        separator=":",
    ),
    OptionSpec(
        "allow_endpoint",
        values.pattern,
        None,
        "Host that pipelines may reach though its address is not public: a name with * or a "
        "network, with :PORT or without; may be given more than once.",
        separator=",",
    ),
    OptionSpec(
        "allow_secret",
        values.pattern,
        "env:AQUEDUCTS_SECRET_*,file:/run/secrets/*",
        "Secrets that pipelines may use, as SCHEME:NAME with *; may be given more than once.",
        separator=",",
    ),
    OptionSpec(
        "sandbox",
        values.choice("auto", "off"),
        "auto",
        "Whether the kernel keeps runs from files outside of the data roots, where it can.",
    ),
    OptionSpec("queue_size", values.queue_size, "100", "Runs that may wait; more are refused."),
    OptionSpec(
        "state_dir",
        values.path,
        ".aqueducts",
        "Folder for the executor's name, its journal and temporary files.",
    ),
    OptionSpec(
        "tls_cert", values.existing_file, None, "Certificate chain (PEM) to serve https with."
    ),
    OptionSpec("tls_key", values.existing_file, None, "Private key (PEM) of the certificate."),
    OptionSpec(
        "shutdown_grace",
        values.seconds,
        "30",
        "Seconds that SIGTERM waits for the run that goes on.",
    ),
    OptionSpec("max_run_seconds", values.seconds, "86400", "Seconds that a run may take."),
)
