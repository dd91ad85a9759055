"""Hold a coverage report (JSON) against the thresholds, lines and branches apart.

    python tools/check_coverage.py coverage.json

A miss fails only with ENFORCE_COVERAGE=1; the figures are printed always.
"""

import json
import os
import sys
from pathlib import Path

THRESHOLDS = {"lines": 95.0, "branches": 90.0}
"""The least percentage of each that the tests of core must reach."""


def main() -> None:
    """Print the figures; exit with 1 if one is too low and the check is enforced."""
    totals = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["totals"]
    measured = {
        "lines": _percentage(totals["covered_lines"], totals["num_statements"]),
        "branches": _percentage(totals["covered_branches"], totals["num_branches"]),
    }
    misses = [kind for kind, least in THRESHOLDS.items() if measured[kind] < least]
    for kind, value in measured.items():
        verdict = "too low" if kind in misses else "ok"
        print(f"coverage of {kind}: {value:.1f} % (at least {THRESHOLDS[kind]:.0f} %): {verdict}")
    if misses and os.environ.get("ENFORCE_COVERAGE") == "1":
        sys.exit(1)


def _percentage(covered: int, total: int) -> float:
    return 100.0 * covered / total if total else 100.0


if __name__ == "__main__":
    main()
