"""Passwords in what drivers say."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aqueducts_odbc.connection_strings import quoted_value
from aqueducts_odbc.redaction import redacted

PASSWORD = "s3cr3t-Pw;x}y'z /ä"
FORMS = {
    "as it is": PASSWORD,
    "in braces": quoted_value(PASSWORD),
    "without the outer braces": PASSWORD.replace("}", "}}"),
    "in a URL": quote(PASSWORD, safe=""),
    "in a URL in small letters": re.sub(
        "%..", lambda found: found[0].lower(), quote(PASSWORD, safe="")
    ),
    "in a form": quote_plus(PASSWORD),
    "in SQL": PASSWORD.replace("'", "''"),
    "in Python": repr(PASSWORD),
    "in JSON": json.dumps(PASSWORD, ensure_ascii=False),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_password_is_left_out(name: str) -> None:
    """In whatever form it is written."""
    text = redacted(f"failed: <{FORMS[name]}> for user", [PASSWORD])
    assert "cr3t" not in text
    assert text.endswith("> for user")


@given(st.text(min_size=4).filter(lambda text: "*" not in text and "\0" not in text))
@example("a}b{")
def test_any_password_is_left_out(password: str) -> None:
    """Nothing of it is special."""
    around = "~~~"
    if password in around:
        return
    assert password not in redacted(f"{around}{password}{around}", [password])


@pytest.mark.parametrize(
    "text", ["PWD=abc;Server=s", "pwd = {a;b}}c};Server=s", "Password=a;Server=s"]
)
def test_values_of_passwords_are_left_out(text: str) -> None:
    """Also of those that nobody knows."""
    assert redacted(text, []).endswith("***;Server=s")


def test_short_passwords_do_not_blot_out_words() -> None:
    """They are left out where they stand alone."""
    assert redacted("a table a", ["a"]) == "*** table ***"
