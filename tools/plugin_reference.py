"""Write the pages of docs/plugins that say what is in the code: the contract, and the kit's checks.

    python tools/plugin_reference.py          # writes both pages; a test compares them

Signatures and texts come from the sources, so that what a stranger reads is what holds.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "packages/aqueducts-core/src/aqueducts"
PAGES = ROOT / "docs/plugins"

CONTRACT = (
    ("Sources", "connectors/sources", ("Source",)),
    (
        "Relations",
        "relations",
        (
            *(
                "ArrowStream",
                "StreamFiles",
                "ArrowTable",
                "FileScan",
                "DataFile",
                "FileReader",
                "CsvDialect",
            ),
            *("TableProvider", "GivenTable"),
        ),
    ),
    ("Destinations", "connectors/destinations", ("Destination",)),
    (
        "Results",
        "frames",
        ("Frame", "WriteReport", "EngineWriter", "StreamWriter", "SessionTables"),
    ),
    ("The context", "connectors/stores", ("RunContext", "RunInfo")),
    ("File formats", "connectors/file_formats", ("FileFormat",)),
    (
        "Stores",
        "connectors/stores",
        ("ObjectStoreType", "Store", "Listing", "StagedWrite", "NativeAddress"),
    ),
    ("Secrets", "connectors/secret_resolvers", ("SecretResolver",)),
    ("Functions", "connectors/functions", ("UdfPack",)),
    (
        "Plans",
        "plan_facts",
        ("TargetChange", "ColumnChange", "QueryPlan", "SourceScan", "HeldRows"),
    ),
    ("Scarce memory", "shortage", ("Strain", "Begun", "Shortage")),
    ("The doctor", "health", ("HealthCheck", "Health")),
    ("Pages of error codes", "explanations/__init__", ("Explanation",)),
    ("Engines", "connectors/engines", ("Engine", "EngineSettings", "Session")),
)
"""Headings, modules and the classes below them, in the order of the page."""

SUITES = (
    ("SourceSuite", ("sources",)),
    ("DestinationSuite", ("destination_values", "destinations")),
    ("FileFormatSuite", ("file_formats",)),
    ("ObjectStoreSuite", ("object_stores",)),
    ("SecretResolverSuite", ("secret_resolvers",)),
    ("EngineSuite", ("engine_relations", "engines")),
    ("PluginSuite", ("whole_plugins",)),
)
"""Suites, and the modules that their parts are in."""

PARTS = ("Values", "Relations")
"""Ends of the names of classes that hold a part of a suite."""

_CONTRACT_INTRODUCTION = """Every class that plugins implement or get, with what each of its parts \
has to do. Classes under
Relations are in `aqueducts.relations`, those under Plans in `aqueducts.plan_facts`, those under
Scarce memory in `aqueducts.shortage`, those under The doctor in `aqueducts.health`, that under
Pages of error codes in `aqueducts.explanations`, all others in `aqueducts.connectors`. The page is
made from the code by `tools/plugin_reference.py`.
"""

_CHECKS_INTRODUCTION = """What each suite of `aqueducts.testing` is told by its subclass, and what \
it checks. A check that needs
something is there only where that is overridden, or true. How suites are used is in
[testing](testing.md). The page is made from the code by `tools/plugin_reference.py`.
"""


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """The pages by their names."""
    return {"contract.md": _contract(), "checks.md": _checks()}


def _contract() -> str:
    parts = [
        "# The contract\n",
        _CONTRACT_INTRODUCTION,
    ]
    for heading, module, names in CONTRACT:
        parts.append(f"## {heading}\n")
        classes = _classes(CORE / f"{module}.py")
        for name in names:
            parts += [f"### {name}\n", *_class_text(classes[name])]
    return "\n".join(parts)


def _checks() -> str:
    parts = [
        "# The checks of the kit\n",
        _CHECKS_INTRODUCTION,
    ]
    for name, modules in SUITES:
        parts.append(f"## {name}\n")
        suites = [
            each
            for module in modules
            for each in _classes(CORE / "testing" / f"{module}.py").values()
            if each.name in (name, *(name.replace("Suite", part) for part in PARTS))
        ]
        parts.append("**To override**\n")
        parts += [line for suite in suites for line in _settings(suite)]
        parts.append("\n| check | needs | |\n|---|---|---|")
        parts += [line for suite in reversed(suites) for line in _rows(suite)]
        parts.append("")
    return "\n".join(parts)


def _classes(path: Path) -> dict[str, ast.ClassDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}


def _class_text(node: ast.ClassDef) -> Iterator[str]:
    yield (ast.get_docstring(node) or "") + "\n"
    lines = list(_members(node))
    if lines:
        yield "\n".join(lines) + "\n"


def _members(node: ast.ClassDef) -> Iterator[str]:
    for place, each in enumerate(node.body):
        if isinstance(each, ast.AnnAssign):
            yield _item(_attribute(each), _text_behind(node, place))
        elif isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
            decorators = {ast.unparse(item) for item in each.decorator_list}
            is_property = "property" in decorators
            signature = _signature(each, is_property=is_property)
            note = " (abstract)" if "abstractmethod" in decorators else ""
            yield _item(signature, ast.get_docstring(each) or "", note)


def _settings(node: ast.ClassDef) -> Iterator[str]:
    for place, each in enumerate(node.body):
        if isinstance(each, ast.AnnAssign):
            yield _item(_attribute(each), _text_behind(node, place))
        elif isinstance(each, ast.FunctionDef) and not each.name.startswith(("_", "test_")):
            if each.name == "open_bench":
                continue
            decorators = {ast.unparse(item) for item in each.decorator_list}
            note = " (required)" if "abstractmethod" in decorators else ""
            yield _item(_signature(each), ast.get_docstring(each) or "", note)


def _rows(node: ast.ClassDef) -> Iterator[str]:
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
            needed = [
                f"`{argument.value}`"
                for call in each.decorator_list
                if isinstance(call, ast.Call)
                for argument in call.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
            text = _one_line(ast.get_docstring(each) or "")
            yield f"| `{each.name}` | {', '.join(needed)} | {text} |"


def _attribute(node: ast.AnnAssign) -> str:
    text = f"{ast.unparse(node.target)}: {ast.unparse(node.annotation)}"
    if node.value is None or "msgspec.field" in ast.unparse(node.value):
        return text.replace('"', "")
    return f"{text} = {ast.unparse(node.value)}"


def _signature(node: ast.FunctionDef, *, is_property: bool = False) -> str:
    returned = ast.unparse(node.returns) if node.returns is not None else ""
    if is_property:
        return f"{node.name}: {returned}"
    arguments = re.sub(r"^self(, )?", "", ast.unparse(node.args))
    return f"{node.name}({arguments}) -> {returned}"


def _text_behind(node: ast.ClassDef, place: int) -> str:
    following = node.body[place + 1] if place + 1 < len(node.body) else None
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        return str(following.value.value)
    return ""


def _item(code: str, text: str, note: str = "") -> str:
    text = _one_line(text)
    return f"- `{code}`{note}" + (f": {text}" if text else "")


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
