"""Numbers as people read them."""

from __future__ import annotations

import pytest

from aqueducts.cli.console import quantities


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (999_949, "1.0 MB"), (187_400_000, "187 MB")],
)
def test_sizes_have_three_digits(size_bytes: int, text: str) -> None:
    """Sizes are decimal, as `--max-memory` reads them."""
    assert quantities.size(size_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0421, "42 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_durations_change_their_unit(seconds: float, text: str) -> None:
    """No duration is shown as 60 s or 1000 ms."""
    assert quantities.duration(seconds) == text


def test_counts_are_grouped_and_plural() -> None:
    """One row, many rows."""
    assert quantities.rows(1) == "1 row"
    assert quantities.rows(336_776) == "336,776 rows"
    assert quantities.rate(412_300) == "412 k rows/s"
