"""Count the tests of several environments from their JUnit reports.

    python tools/test_summary.py .tox/reports core odbc ...

The last line is `N passed, N failed`; an environment without tests counts as one failure.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree


def main() -> None:
    """Print a line per environment and the total; exit with 1 if anything failed."""
    folder, *environments = sys.argv[1:]
    passed = failed = skipped = 0
    for name in environments:
        report = Path(folder) / f"{name}.xml"
        if not report.is_file():
            print(f"{name}: no report: the environment broke before or during its tests")
            failed += 1
            continue
        ok, bad, left_out = _count(report)
        if not ok + bad + left_out:
            print(f"{name}: no tests ran")
            failed += 1
            continue
        print(f"{name}: {ok} passed, {bad} failed, {left_out} skipped")
        passed, failed, skipped = passed + ok, failed + bad, skipped + left_out
    left_out_words = f", {skipped} skipped" if skipped else ""
    print(f"{passed} passed, {failed} failed{left_out_words}")
    sys.exit(failed > 0)


def _count(report: Path) -> tuple[int, int, int]:
    suites = ElementTree.parse(report).iter("testsuite")  # noqa: S314  # written by our own pytest
    tests = failed = skipped = 0
    for suite in suites:
        tests += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return tests - failed - skipped, failed, skipped


if __name__ == "__main__":
    main()
