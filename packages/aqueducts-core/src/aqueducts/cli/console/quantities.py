"""Numbers as people read them."""

from __future__ import annotations

__all__ = ["count", "duration", "rate", "rows", "size"]

_DECIMAL_STEP = 1000


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 row`, `1,204 rows`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def rows(number: int) -> str:
    """`1,204 rows`."""
    return count(number, "row")


def size(size_bytes: float) -> str:
    """`83 B`, `27.9 MB`: decimal units, three digits."""
    return _scaled(size_bytes, ("B", "KB", "MB", "GB", "TB", "PB"))


def rate(per_second: float) -> str:
    """`412 k rows/s`."""
    return f"{_scaled(per_second, ('', 'k', 'M', 'G')).strip()} rows/s"


def _scaled(number: float, units: tuple[str, ...]) -> str:
    unit = 0
    # 999.5 would be shown as 1000.
    while number >= _DECIMAL_STEP - 0.5 and unit < len(units) - 1:
        number /= _DECIMAL_STEP
        unit += 1
    if unit == 0 or number >= 99.95:
        return f"{number:.0f} {units[unit]}"
    return f"{number:.1f} {units[unit]}"


def duration(seconds: float) -> str:
    """`42 ms`, `3.2 s`, `2 min 05 s`, `1 h 02 min`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
