"""Secrets are resolved once and masked wherever they might be shown."""

from __future__ import annotations

import base64
import json
import threading
from types import ModuleType
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from aqueducts.connectors import SecretResolver
from aqueducts.errors import SecretError
from aqueducts.events import OutputTable, RunFailed, StageOutput
from aqueducts.hookspecs import hookimpl
from aqueducts.models.fields import PipelineModel, StorageConfig
from aqueducts.plugins import Plugins
from aqueducts.secrets import MASK, SecretVault

_VALUES = {"pw": "s3cr\"et/ ü\\+'", "short": "abc", "empty": "", "key": "-----BEGIN-----\nMIIEvQ=="}

_calls: list[str] = []


class Fixed(SecretResolver):
    """Resolves from a table and counts."""

    scheme = "fixed"

    def resolve(self, reference: str) -> str:
        """Return the value in the table."""
        _calls.append(reference)
        if reference not in _VALUES:
            raise SecretError(f"no secret {reference}")
        return _VALUES[reference]


def _plugins() -> Plugins:
    module = ModuleType("fixed")

    @hookimpl
    def aqueducts_secret_resolvers() -> list[Any]:
        return [Fixed]

    module.aqueducts_secret_resolvers = aqueducts_secret_resolvers  # type: ignore[attr-defined]  # a plugin at hand
    return Plugins.of(fixed=module)


@pytest.fixture
def vault() -> SecretVault:
    """Return a vault that knows the scheme `fixed`."""
    _calls.clear()
    return SecretVault(_plugins())


def test_references_are_resolved_inside_a_text(vault: SecretVault) -> None:
    """Several, each once, and nothing else is touched."""
    text = "a=${secret:fixed:pw};b=${secret:fixed:short};c=${secret:fixed:pw};${other}"

    assert vault.reveal(text) == f"a={_VALUES['pw']};b=abc;c={_VALUES['pw']};${{other}}"
    assert vault.reveal(SecretStr("${secret:fixed:pw}")) == _VALUES["pw"]
    assert _calls == ["pw", "short"]


def test_a_text_without_references_is_what_it_was(vault: SecretVault) -> None:
    """Nothing is resolved before it is used."""
    assert vault.reveal("plain $${x} ${secret:}") == "plain $${x} ${secret:}"
    assert vault.mask("plain") == "plain"
    assert not _calls


def test_an_unknown_scheme(vault: SecretVault) -> None:
    """The reference is named, with the schemes there are."""
    with pytest.raises(SecretError, match="vault:a") as caught:
        vault.reveal("${secret:vault:a/b}")

    assert caught.value.message.startswith("${secret:vault:a/b} cannot be resolved")
    assert caught.value.hint == "installed: fixed"


def test_an_error_of_a_resolver_is_passed_on(vault: SecretVault) -> None:
    """And asked for again the next time: the failure is not kept."""
    for _ in range(2):
        with pytest.raises(SecretError, match="no secret nothing"):
            vault.reveal("${secret:fixed:nothing}")

    assert _calls == ["nothing", "nothing"]


def _encoded(value: str) -> list[str]:
    data = value.encode()
    return [
        value,
        quote(value),
        quote(value, safe=""),
        quote(value, safe="").lower() if value.isascii() else quote(value),
        quote_plus(value),
        json.dumps(value),
        json.dumps(value, ensure_ascii=False),
        repr(value),
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
        f"error at https://user:{quote(value, safe='')}@host/path",
    ]


@pytest.mark.parametrize("text", _encoded(_VALUES["pw"]))
def test_every_form_of_a_secret_is_masked(vault: SecretVault, text: str) -> None:
    """As it is, in URLs, in JSON, in Python and in base64."""
    vault.reveal("${secret:fixed:pw}")

    masked = vault.mask(f"before {text} after")

    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert MASK in masked
    assert text not in masked
    assert "s3cr" not in masked


@given(st.text(min_size=4, max_size=30), st.text(max_size=5), st.text(max_size=5))
def test_no_secret_is_left_in_any_text(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, also inside of longer base64."""
    assume(secret.strip().lower() not in {"true", "false", "null", "none"})
    assume(secret not in MASK and not any(0xD800 <= ord(each) <= 0xDFFF for each in secret))
    text = before + secret + after
    vault = SecretVault(_plugins())
    vault.remember(SecretStr(secret))

    assert secret not in vault.mask(text).replace(MASK, "\0")
    whole = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
    part = base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]
    if len(part) >= 8:
        assert MASK in vault.mask(whole)


def test_the_longest_secret_wins(vault: SecretVault) -> None:
    """A secret that begins with another one is not left half."""
    vault.remember([SecretStr("hunter2"), SecretStr("hunter2-and-more")])

    assert vault.mask("hunter2-and-more hunter2") == "*** ***"


def test_short_secrets_are_masked_as_whole_words(vault: SecretVault) -> None:
    """Otherwise half of every text would be gone."""
    vault.reveal("${secret:fixed:short}")

    assert vault.mask("abc, (abc) abcd PWD=abc;") == "***, (***) abcd PWD=***;"


@pytest.mark.parametrize("value", ["", "true", "False", " on ", "null"])
def test_switches_and_nothing_are_no_secrets(vault: SecretVault, value: str) -> None:
    """Options of stores are all kept as secrets, whatever they hold."""
    vault.reveal("${secret:fixed:empty}")
    vault.remember(SecretStr(value))

    assert vault.mask(f"a {value} b") == f"a {value} b"


def test_lines_of_a_key_are_masked_one_by_one(vault: SecretVault) -> None:
    """Logs write line by line."""
    vault.reveal("${secret:fixed:key}")

    assert vault.mask("line 2: MIIEvQ==") == "line 2: ***"


class Config(PipelineModel):
    """Has secrets at several depths."""

    storage_config: StorageConfig
    inner: list[Config] = []  # noqa: RUF012 - pydantic copies it


def test_every_literal_secret_of_a_model_is_remembered(vault: SecretVault) -> None:
    """Those with references are remembered once they are resolved."""
    config = Config.model_validate(
        {
            "storage_config": {"a": "literal-1", "b": "x ${secret:fixed:pw}"},
            "inner": [{"storage_config": {"c": "literal-2"}, "inner": []}],
        }
    )

    vault.remember(config)

    assert vault.mask("literal-1 literal-2 x ${secret:fixed:pw}") == "*** *** x ${secret:fixed:pw}"
    assert not _calls


def test_a_revealed_literal_is_remembered(vault: SecretVault) -> None:
    """Also one that came after the pipeline was loaded."""
    vault.reveal(SecretStr("literal-3"))

    assert vault.mask("literal-3") == MASK
    assert repr(vault) == "<SecretVault of 1 secrets>"


def test_events_are_masked_in_all_their_texts(vault: SecretVault) -> None:
    """Words that programs compare stay, even where a secret is such a word."""
    failed = RunFailed(code="show", message="bad show-me", duration_ms=1.5, step="show-me")
    table = OutputTable(columns=("a",), types=("string",), rows=(("show-me",), (None,)))
    output = StageOutput(name="s", position=0, sub_position=0, kind="show", table=table)
    assert vault.mask_event(failed) is failed

    vault.remember([SecretStr("show"), SecretStr("show-me")])

    masked = vault.mask_event(failed)
    assert (masked.code, masked.message, masked.duration_ms) == ("show", "bad ***", 1.5)
    shown = vault.mask_event(output)
    assert shown.kind == "show"
    assert shown.table is not None
    assert shown.table.rows == (("***",), (None,))


def test_threads_share_one_vault(vault: SecretVault) -> None:
    """Each reference is resolved once, and no mask is lost."""
    failures: list[str] = []

    def work(index: int) -> None:
        vault.remember(SecretStr(f"literal-{index:04}"))
        vault.reveal("${secret:fixed:pw}")
        if vault.mask(f"literal-{index:04}") != MASK:
            failures.append(str(index))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    assert _calls == ["pw"]


def test_files_that_errors_name_are_masked(vault: SecretVault) -> None:
    """The text of an OSError is made of its file names, which are not among its arguments."""
    vault.remember(SecretStr("literal-5"))
    error = OSError(2, "No such file or directory", "/a/literal-5", None, "/b/literal-5")

    vault.mask_error(error)

    assert str(error) == "[Errno 2] No such file or directory: '/a/***' -> '/b/***'"
