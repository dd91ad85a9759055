"""Outcomes in the JUnit format, which CI systems read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.etree import ElementTree

from aqueducts.pipeline_tests.drawing import outcome_text
from aqueducts.pipeline_tests.outcomes import Outcome

__all__ = ["junit_xml"]

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(outcomes: Sequence[Outcome]) -> str:
    """Return a report with one suite for each file. Times are in seconds."""
    root = ElementTree.Element("testsuites", {"name": "aqueducts", **_totals(outcomes)})
    for file, group in groupby(outcomes, key=lambda each: each.file):
        cases = list(group)
        facts = {"name": _clean(file), **_totals(cases)}
        suite = ElementTree.SubElement(root, "testsuite", facts)
        for outcome in cases:
            suite.append(_case(outcome))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _totals(outcomes: Iterable[Outcome]) -> dict[str, str]:
    each = list(outcomes)
    return {
        "tests": str(len(each)),
        "failures": str(sum(outcome.status == "failed" for outcome in each)),
        "errors": str(sum(outcome.status == "unusable" for outcome in each)),
        "skipped": "0",
        "time": _seconds(sum(outcome.duration_ms for outcome in each)),
    }


def _case(outcome: Outcome) -> ElementTree.Element:
    place = {"file": _clean(outcome.file)}
    if outcome.line is not None:
        place["line"] = str(outcome.line)
    facts = {
        "classname": _clean(outcome.file),
        "name": _clean(outcome.name or outcome.file),
        "time": _seconds(outcome.duration_ms),
    }
    case = ElementTree.Element("testcase", {**facts, **place})
    if outcome.status != "passed":
        kind = "failure" if outcome.status == "failed" else "error"
        message = "; ".join(_message(each.step, each.message) for each in outcome.failures)
        detail = ElementTree.SubElement(case, kind, message=_clean(message), type=outcome.status)
        detail.text = _clean(outcome_text(outcome))
    return case


def _message(step: str | None, message: str) -> str:
    return message if step is None else f"{step}: {message}"


def _seconds(duration_ms: float) -> str:
    return f"{duration_ms / 1000:.3f}"


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
