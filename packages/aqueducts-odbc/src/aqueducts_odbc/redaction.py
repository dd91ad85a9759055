"""Keeping passwords out of what drivers say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from aqueducts_odbc.connection_strings import quoted_value

__all__ = ["MASK", "redacted"]

MASK = "***"
"""What is shown in the place of a secret."""

_KEYWORD = re.compile(
    r"\b(PWD|PASSWORD|PASSWD|ACCESSTOKEN)(\s*=\s*)(\{(?:[^}]|\}\})*\}?|[^;\s]*)", re.IGNORECASE
)
_SHORTEST_INSIDE_WORDS = 4


def redacted(text: str, secrets: Iterable[str]) -> str:
    """A text without these secrets, in whatever form it has them, and without values of `PWD=`."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for form in sorted(_forms(secret), key=len, reverse=True):
            pattern = re.escape(form)
            if len(form) < _SHORTEST_INSIDE_WORDS:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, MASK, text)
    return _KEYWORD.sub(rf"\1\2{MASK}", text)


def _forms(secret: str) -> set[str]:
    forms = {secret, secret.replace("}", "}}"), repr(secret)[1:-1], secret.replace("'", "''")}
    forms.add(quoted_value(secret) if "\0" not in secret else secret)
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        forms |= {encoded, re.sub("%..", lambda match: match[0].lower(), encoded)}
    return forms
