"""Casts give the same value or none, whatever Arrow's own do."""

from __future__ import annotations

import decimal
from decimal import Decimal

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as some

from aqueducts_odbc.sink.casting import ValueProblem, cast_between

DIGITS = some.integers(1, 38).flatmap(lambda p: some.tuples(some.just(p), some.integers(0, p)))


def cast(value: object, source: pa.DataType, target: pa.DataType) -> object:
    """One value in another type; None where it is refused."""
    found = cast_between(source, target)
    assert found is not None
    try:
        return found(pa.array([value], source))[0].as_py()
    except (pa.ArrowInvalid, ValueProblem):
        return None


@given(DIGITS, DIGITS, some.integers(-(10**38) + 1, 10**38 - 1))
def test_decimals_keep_their_value(
    source: tuple[int, int], target: tuple[int, int], number: int
) -> None:
    """Arrow's cast in 128 bits gives other numbers where it overflows."""
    with decimal.localcontext(prec=100):
        unscaled = number % 10 ** source[0]
        value = Decimal(unscaled).scaleb(-source[1])
        fits = abs(value) < 10 ** (target[0] - target[1]) and value == round(value, target[1])
        found = cast(value, pa.decimal128(*source), pa.decimal128(*target))
        assert found == (value if fits else None)


@given(
    DIGITS,
    some.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**60), max_value=10**60, places=20
    ),
)
def test_texts_of_decimals_keep_their_value(target: tuple[int, int], value: Decimal) -> None:
    """So do numbers that come as text."""
    with decimal.localcontext(prec=100):
        found = cast(format(value, "f"), pa.string(), pa.decimal128(*target))
        assert found in (value, None)


@given(DIGITS, some.integers(-(2**63), 2**63 - 1))
def test_integers_keep_their_value_as_decimals(target: tuple[int, int], value: int) -> None:
    """And integers."""
    with decimal.localcontext(prec=100):
        fits = abs(value) < 10 ** (target[0] - target[1])
        assert cast(value, pa.int64(), pa.decimal128(*target)) == (value if fits else None)


@given(DIGITS, some.integers(-(10**38) + 1, 10**38 - 1))
def test_decimals_keep_their_value_as_integers(source: tuple[int, int], number: int) -> None:
    """And back."""
    with decimal.localcontext(prec=100):
        value = Decimal(number % 10 ** source[0]).scaleb(-source[1])
        fits = value == int(value) and abs(value) < 2**63
        assert cast(value, pa.decimal128(*source), pa.int64()) == (value if fits else None)


@given(some.floats(allow_nan=False, allow_infinity=False), DIGITS)
@example(1.0281992348800554e-199, (21, 21))
@example(1.367489055097932e-202, (38, 23))
def test_floats_keep_their_shortest_text(value: float, target: tuple[int, int]) -> None:
    """0.1 is 0.1 as a decimal, and 1.005 has no two places."""
    found = cast(value, pa.float64(), pa.decimal128(*target))
    assert found is None or found == Decimal(repr(value))


@given(some.datetimes())
def test_timestamps_keep_their_day(value: object) -> None:
    """A time of day is not dropped."""
    moment = pa.scalar(value, pa.timestamp("us")).as_py()
    found = cast(moment, pa.timestamp("us"), pa.date32())
    is_midnight = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    assert found == (moment.date() if is_midnight else None)
