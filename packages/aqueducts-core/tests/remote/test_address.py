"""Addresses of executors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.remote import Address


@pytest.mark.parametrize(
    ("text", "url", "name"),
    [
        ("localhost", "http://localhost:3031", "localhost:3031"),
        ("10.0.0.7:8080", "http://10.0.0.7:8080", "10.0.0.7:8080"),
        ("etl.example.com:3031", "http://etl.example.com:3031", "etl.example.com:3031"),
        ("[::1]:3031", "http://[::1]:3031", "[::1]:3031"),
        ("[::1]", "http://[::1]:3031", "[::1]:3031"),
        ("http://etl", "http://etl", "etl"),
        ("http://etl:3031/", "http://etl:3031", "etl:3031"),
        ("ws://etl:3031/ws/connect", "http://etl:3031", "etl:3031"),
        ("https://etl", "https://etl", "https://etl"),
        ("WSS://etl:8443", "https://etl:8443", "https://etl:8443"),
        ("https://gateway/etl/one/", "https://gateway/etl/one", "https://gateway/etl/one"),
    ],
)
def test_addresses_have_several_forms(text: str, url: str, name: str) -> None:
    """A host alone has the port of executors; a URL that of its scheme."""
    address = Address.parse(text)
    assert (str(address), address.name) == (url, name)
    assert address.http("/status") == f"{url}/status"
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no host"),
        (":3031", "names no host"),
        ("two words:3031", "names no host"),
        ("etl:port", "no port between"),
        ("etl:99999", "no port between"),
        ("ftp://etl", "not spoken to by ftp://"),
        ("http://me:secret@etl", "holds no name and password"),
        ("http://etl/?key=secret", "ends with the path"),
        ("http://etl/#x", "ends with the path"),
        ("http://[::1", "no port between|names no host|Invalid"),
    ],
)
def test_other_texts_are_refused_in_words(text: str, words: str) -> None:
    """Passwords are not repeated."""
    with pytest.raises(ValueError, match=words) as caught:
        Address.parse(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "is_loopback"),
    [
        ("localhost", True),
        ("127.0.0.1:1", True),
        ("127.8.9.1", True),
        ("[::1]", True),
        ("a.localhost:3031", True),
        ("10.0.0.7", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback_is_known(text: str, is_loopback: bool) -> None:
    """Proxies are left out there."""
    assert Address.parse(text).is_loopback is is_loopback


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """With a ValueError and nothing else."""
    try:
        address = Address.parse(text)
    except ValueError:
        return
    assert address.url.startswith(("http://", "https://"))
