"""What `aqueducts doctor` looks at itself: what is installed, the machine, the terminal."""

from __future__ import annotations

from aqueducts.cli.checkup.installation import installation_checks
from aqueducts.cli.checkup.machine import machine_checks
from aqueducts.cli.checkup.surroundings import surroundings_checks

__all__ = ["installation_checks", "machine_checks", "surroundings_checks"]
