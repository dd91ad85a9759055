"""Names as SQL finds them."""

import pytest

from aqueducts.table_names import TableNames, quote, select_all, spellings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders", ("orders",)),
        ("Orders", ("Orders", "orders")),
        ("My Orders", ("My Orders",)),
        ("1St", ("1St",)),
        ("É", ("É",)),
        ("Orders\n", ("Orders\n",)),
    ],
)
def test_a_name_is_found_folded_only_where_sql_folds_it(
    name: str, expected: tuple[str, ...]
) -> None:
    """What has to be quoted is never folded."""
    assert spellings(name) == expected


def test_quotes_in_names_are_doubled() -> None:
    """A name cannot end its own quotes."""
    assert quote('a"b') == '"a""b"'
    assert select_all('a"b') == 'SELECT * FROM "a""b"'


def test_names_are_found_by_every_spelling() -> None:
    """The name as it is in the file comes back."""
    names = TableNames(["Orders", "items", "Orders", "My Table"])
    assert list(names) == ["Orders", "items", "My Table"]
    assert names.find("orders") == "Orders"
    assert names.find("Orders") == "Orders"
    assert names.find("items") == "items"
    assert names.find("ITEMS") is None
    assert names.find("my table") is None
    assert names.find("nope") is None
