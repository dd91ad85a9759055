"""Taking connection strings apart, and putting them together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts_odbc.connection_strings import (
    ConnectionString,
    ConnectionStringError,
    quoted_value,
)

VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(VALUES, VALUES)
def test_any_value_comes_back(user: str, password: str) -> None:
    """Whatever a user and a password hold."""
    string = ConnectionString("Driver={x};UID=old;Database=shop")
    again = ConnectionString(string.text(user=user, password=password))
    assert (again.user, again.password) == (user, password)
    assert again.get("database") == "shop"
    assert again.get("DRIVER") == "x"


def test_words_of_the_user_are_kept() -> None:
    """Drivers differ in what they take, so that only what has to be is changed."""
    text = "DRIVER={My Driver}; server = a b ;Pwd={x};;"
    assert ConnectionString(text).text() == "DRIVER={My Driver};server = a b;Pwd={x};"
    assert ConnectionString(text).get("server") == "a b"


def test_keywords_that_are_set_stay() -> None:
    """Defaults are for what is not set, whatever the capitals."""
    string = ConnectionString("Driver=x;fetch=7")
    assert string.text(defaults={"Fetch": "10000", "BoolsAsChar": "0"}) == (
        "Driver=x;fetch=7;BoolsAsChar=0;"
    )


def test_secrets_are_found() -> None:
    """Whatever keyword they stand behind."""
    string = ConnectionString("Driver=x;PWD={a;b}}c};AccessToken=t0k;SSLKeyPassword=;Server=s")
    assert string.secrets == {"a;b}c", "t0k"}
    assert "t0k" not in repr(string)


@pytest.mark.parametrize("text", ["nonsense", "Driver=x;nonsense", "=x", "Driver={x", "a={b}c"])
def test_what_is_no_connection_string_is_refused(text: str) -> None:
    """With a hint, and without its values."""
    with pytest.raises(ConnectionStringError) as caught:
        ConnectionString(text)
    assert caught.value.hint is not None
    assert "nonsense" not in str(caught.value)


def test_a_nul_is_refused() -> None:
    """It would end the string."""
    with pytest.raises(ConnectionStringError, match="NUL"):
        quoted_value("a\0b")
