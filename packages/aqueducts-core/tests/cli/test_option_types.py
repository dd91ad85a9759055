"""Sizes and parameters on the command line."""

from __future__ import annotations

import click
import pytest

from aqueducts.cli.option_types import MEMORY, PARAMETER


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("512MB", 512_000_000),
        ("512mb", 512_000_000),
        ("2GB", 2_000_000_000),
        ("2g", 2_000_000_000),
        ("1.5GiB", 1_610_612_736),
        ("64 MiB", 67_108_864),
        ("4", 4_000_000_000),
        ("0.25", 250_000_000),
        ("2000000b", 2_000_000),
        ("0", 0),
    ],
)
def test_memory_sizes(text: str, size_bytes: int) -> None:
    """A plain number counts GB and 0 is no limit."""
    assert MEMORY.convert(text, None, None) == size_bytes


@pytest.mark.parametrize("text", ["", "much", "12x", "-1GB", "1,5GB", "1e3", "nan", "100KB", "5B"])
def test_other_sizes_are_refused(text: str) -> None:
    """The message shows what a size looks like."""
    with pytest.raises(click.BadParameter, match="MB"):
        MEMORY.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("month=jan", ("month", "jan")),
        ("query=a=b=c", ("query", "a=b=c")),
        ("empty=", ("empty", "")),
        ("text= two words ", ("text", " two words ")),
    ],
)
def test_parameters_are_split_once(text: str, pair: tuple[str, str]) -> None:
    """Everything behind the first `=` is the value, as it stands."""
    assert PARAMETER.convert(text, None, None) == pair


@pytest.mark.parametrize("text", ["month", "=x", "a-b=1", " a=1", "", "ä=1"])
def test_other_parameters_are_refused(text: str) -> None:
    """The message says what was expected."""
    with pytest.raises(click.BadParameter, match=r"NAME=VALUE|no name of a parameter"):
        PARAMETER.convert(text, None, None)
