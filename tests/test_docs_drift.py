"""The documents name everything there is, and nothing that there is not."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import json
import re
import tomllib
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import AliasChoices, BaseModel
from pydantic_core import PydanticUndefined

import aqueducts
from aqueducts import (
    connectors,
    errors,
    events,
    hookspecs,
    pipeline_plan,
    plan_facts,
    relations,
    results,
    shortage,
    testing,
)
from aqueducts.arrow_types import from_arrow
from aqueducts.builtin.json_functions.functions import FUNCTIONS as JSON_FUNCTIONS
from aqueducts.builtin.json_functions.names import ALIASES as JSON_ALIASES
from aqueducts.cli.checkup import installation_checks, machine_checks, surroundings_checks
from aqueducts.cli.console import Console
from aqueducts.cli.exit_codes import ExitCode
from aqueducts.cli.group import cli
from aqueducts.health import Health, HealthCheck
from aqueducts.load import json_schema
from aqueducts.models.pipeline import PipelineDocument
from aqueducts.models.schema import SchemaField
from aqueducts.models.stages import Stage
from aqueducts.models.types import ALIASES, TYPE_NAMES
from aqueducts.pipeline_tests import models as pipeline_tests
from aqueducts.pipeline_tests.discovery import PATTERNS
from aqueducts.sampling.csv_values import NULL_TEXTS, judge
from aqueducts_executor.options import OPTIONS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_OURS = cli.list_commands(click.Context(cli, resilient_parsing=True))
"""Names of the commands of core."""

_CODE = re.compile(r"`([^`\n]+)`")


def section(page: str, title: str) -> str:
    """The text below a heading, up to the next one of any level."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for match in _HEADING.finditer(text):
        if match[2] == title:
            following = _HEADING.search(text, match.end())
            return text[match.end() : following.start() if following else None]
    pytest.fail(f"{page} has no heading {title!r}")


def rows(page: str, title: str) -> list[list[str]]:
    """Cells of the tables of a section, without their heads."""
    lines = [line for line in section(page, title).splitlines() if line.startswith("|")]
    cells = [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines
    ]
    heads = {index for index, row in enumerate(cells) if set("".join(row)) <= set("-: ")}
    return [row for index, row in enumerate(cells) if not {index, index + 1} & heads]


def codes(text: str) -> list[str]:
    """Everything in a text that is between backticks."""
    return _CODE.findall(text)


@cache
def builtin() -> aqueducts.Plugins:
    """What comes with core."""
    found = aqueducts.Plugins.discover()
    names = [record.name for record in found.records if record.name != "builtin"]
    return aqueducts.Plugins.discover(blocked=names)


# --- pipelines.md ---


def _models() -> Iterator[tuple[str, type[BaseModel]]]:
    """Headings, and the models whose fields are below them."""
    plugins = builtin()
    yield "Stages", Stage
    yield "Schemas", SchemaField
    for tag, source in plugins.sources.items():
        yield f"Source: {tag}", source.config_model
    for tag, destination in plugins.destinations.items():
        yield f"Destination: {tag}", destination.config_model
    for tag, file_format in plugins.file_formats.items():
        yield f"Reading {tag}", file_format.read_options
        if file_format.write_options is not None and tag != "parquet":
            yield f"Writing {tag}", file_format.write_options


@pytest.mark.parametrize(("title", "model"), list(_models()), ids=str)
def test_fields_are_documented(title: str, model: type[BaseModel]) -> None:
    """Each table has the fields of its model, with their other names and defaults."""
    documented = {}
    for row in rows("pipelines.md", title):
        also = codes(row[1]) if len(row) > 3 else []
        documented[codes(row[0])[0]] = (set(also), row[-2].strip("`"))
    expected = {}
    for name, info in model.model_fields.items():
        names = _names(name, info)
        default = "required" if info.is_required() else _default(info)
        expected[names[0]] = (set(names[1:]), default)
    assert documented == expected


def _names(name: str, info: Any) -> list[str]:
    if isinstance(info.validation_alias, AliasChoices):
        return [str(each) for each in info.validation_alias.choices]
    return [info.alias or name]


def _default(info: Any) -> str:
    value = info.get_default(call_default_factory=True)
    assert value is not PydanticUndefined
    return json.dumps(value)


def test_tags_are_documented() -> None:
    """Other spellings of types are named."""
    for kind, offer in (("Source", builtin().sources), ("Destination", builtin().destinations)):
        for tag, each in offer.items():
            text = codes(section("pipelines.md", f"{kind}: {tag}"))
            assert set(each.aliases) <= set(text)


def test_top_level_keys_are_documented() -> None:
    """The keys of a pipeline, and those of a parameter's declaration."""
    keys = {codes(row[0])[0] for row in rows("pipelines.md", "The whole document")}
    assert keys == {*PipelineDocument.model_fields, "params"}
    declared = {codes(row[0])[0] for row in rows("pipelines.md", "Parameters")}
    params = json_schema(builtin())["properties"]["params"]
    assert declared == set(re.findall(r'"(default|description|choices)": ', json.dumps(params)))


def test_file_endings_and_secret_schemes_are_documented() -> None:
    """The endings of each format, and how secrets are referred to."""
    table = {codes(row[0])[0]: tuple(codes(row[1])) for row in rows("pipelines.md", "Locations")}
    formats = {tag: each.extensions for tag, each in builtin().file_formats.items()}
    assert {tag: table[tag] for tag in formats} == formats
    schemes = {codes(row[0])[0] for row in rows("pipelines.md", "Secrets")}
    assert schemes == set(builtin().secret_resolvers)


def test_options_of_the_parquet_writer_are_documented() -> None:
    """Each option with what it takes."""
    schema = json_schema(builtin())
    options = schema["$defs"]["ParquetWriteOptions"]
    (pattern,) = options["patternProperties"]
    columns = re.search(r"\(\(([\w|]+)\)::", pattern)
    assert columns is not None
    found = {codes(row[0])[0]: row[1] for row in rows("pipelines.md", "Writing parquet")}
    expected = {name: each["description"] for name, each in options["properties"].items()}
    assert expected.items() <= found.items()
    per_column = re.findall(
        r"^\| `(\w+)`", section("pipelines.md", "Writing parquet"), re.MULTILINE
    )
    assert set(columns[1].split("|")) == set(per_column[-len(columns[1].split("|")) :])
    assert set(found) == {*expected, *columns[1].split("|")}


# --- data-types.md ---


def test_json_functions_are_documented() -> None:
    """The table of JSON functions has all names, and the types that they give."""
    told = {
        name: row[2].strip("`")
        for row in rows("json.md", "Functions")
        for name in _CODE.findall(row[0])
    }
    types = {name: str(from_arrow(each.type)) for name, each in JSON_FUNCTIONS.items()}
    others = {alias: types[name] for alias, name in JSON_ALIASES.items()}
    assert told == types | others | {"unnest_json_array": "list<string>"}


def test_data_types_are_documented() -> None:
    """Every name and every other spelling, and none that is not there."""
    names, aliases = set[str](), set[str]()
    for row in rows("data-types.md", "Plain types"):
        names |= set(codes(row[0]))
        aliases |= set(codes(row[1])) - set(codes(row[0]))
    for row in rows("data-types.md", "Types with parameters"):
        names |= {code.partition("<")[0] for code in codes(row[0])}
    assert names == set(TYPE_NAMES)
    assert aliases == set(ALIASES)


# --- begin.md ---


@pytest.mark.parametrize(
    "row", rows("begin.md", "What becomes of values in CSV files"), ids=lambda row: row[0][:20]
)
def test_types_of_values_are_documented(row: list[str]) -> None:
    """Each value is read as the type beside it."""
    values, types = codes(row[0]), codes(row[1])
    if types == ["null_values"]:
        assert set(values) <= NULL_TEXTS
    elif types[0].startswith("decimal"):
        assert judge(values, is_sure=True).data_type == types[0]
    else:
        found = [judge([value], is_sure=True) for value in values]
        expected = types if len(types) == len(values) else types * len(values)
        assert [each.data_type for each in found] == expected
        assert all((each.convert is not None) is ("in the stage" in row[1]) for each in found)


# --- command.md ---


@pytest.mark.parametrize("name", _OURS)
def test_options_are_documented(name: str) -> None:
    """Each command has its options with their variables and choices, and no others."""
    title = f"aqueducts {name}"
    common = {codes(row[0])[-1].split()[0] for row in rows("command.md", _COMMON)}
    found = {}
    for row in rows("command.md", title):
        given = codes(row[0])
        found[given[-1].split()[0]] = ({each.split()[0] for each in given}, codes(row[1]), row[2])
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    own = {_key(each): each for each in command.params}
    assert set(found) == set(own) - common
    for key, (spellings, variables, meaning) in found.items():
        _check_option(own[key], spellings, variables, meaning)


def test_checks_of_the_doctor_are_documented() -> None:
    """What core and the built-in plugin look at, in the order in which it is told."""
    ((_, brought),) = builtin().health_checks()
    assert not isinstance(brought, Exception)
    checks = [
        *installation_checks(),
        *machine_checks(None, ""),
        *surroundings_checks(Console(), ()),
        HealthCheck("plugins", Health),
        *brought,
    ]
    found = [codes(row[0])[0] for row in rows("command.md", "What the doctor looks at")]
    assert found == [check.name for check in checks]


def test_common_options_are_documented() -> None:
    """Those that every command takes."""
    parameters = {_key(each): each for each in cli.get_params(_context())}
    found = {codes(row[0])[-1].split()[0]: row for row in rows("command.md", _COMMON)}
    assert set(found) == set(parameters)
    for key, row in found.items():
        spellings = {each.split()[0] for each in codes(row[0])}
        _check_option(parameters[key], spellings, codes(row[1]), row[2])


def _context() -> click.Context:
    return click.Context(cli, **cli.context_settings)


_COMMON = "Options of every command"


def _key(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return str(parameter.human_readable_name)
    return max(parameter.opts, key=lambda each: (each.startswith("--"), parameter.opts.index(each)))


def _check_option(
    parameter: click.Parameter, spellings: set[str], variables: list[str], meaning: str
) -> None:
    if isinstance(parameter, click.Option):
        assert spellings == set(parameter.opts)
        variable = parameter.envvar
        assert variables == ([variable] if isinstance(variable, str) else [])
    if isinstance(parameter.type, click.Choice) and "As for `run`." not in meaning:
        assert set(parameter.type.choices) <= set(codes(meaning))
        if isinstance(parameter.default, str):
            assert f"Default: `{parameter.default}`" in meaning


def test_commands_are_documented() -> None:
    """Each command of core has a heading."""
    titles = re.findall(r"^## aqueducts (\w+)$", (DOCS / "command.md").read_text(), re.MULTILINE)
    ours = [
        name
        for name in cli.list_commands(click.Context(cli))
        if (command := cli.get_command(click.Context(cli), name)) is not None
        and str(getattr(command.callback, "__module__", "")).startswith("aqueducts.")
    ]
    assert titles == ours


def test_exit_codes_are_documented() -> None:
    """The same codes with the same meanings as in the help."""
    found = {int(row[0]): row[1] for row in rows("command.md", "Exit codes")}
    assert found == {int(code): code.meaning for code in ExitCode}


# --- testing.md ---


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("The file", pipeline_tests.TestDocument),
        ("A test", pipeline_tests.Case),
        ("Rows of a source", pipeline_tests.Given),
        ("Expectations", pipeline_tests.Expectation),
    ],
)
def test_keys_of_tests_are_documented(title: str, model: type[BaseModel]) -> None:
    """Each table has the keys of its model."""
    found = {key for row in rows("testing.md", title) for key in codes(row[0])}
    assert found == {info.alias or name for name, info in model.model_fields.items()}


def test_names_of_files_of_tests_are_documented() -> None:
    """The page tells by which names tests are found."""
    text = (DOCS / "testing.md").read_text(encoding="utf-8")
    assert {pattern for pattern in PATTERNS if pattern.endswith(".yml")} <= set(codes(text))


# --- python.md ---


def test_events_are_documented() -> None:
    """Each event with its name in logs and its fields."""
    found = {
        codes(row[0])[0]: (codes(row[1]), codes(row[2])) for row in rows("python.md", "Events")
    }
    assert found == {
        each.__name__: ([each.__struct_config__.tag], list(each.__struct_fields__))
        for each in typing.get_args(events.Event)
    }


@pytest.mark.parametrize("name", ["RunSettings", "RunResult", "StepResult"])
def test_results_are_documented(name: str) -> None:
    """Each attribute of what goes in and comes out, with the defaults of what goes in."""
    kind = getattr(results, name)
    properties = [
        key for key, value in vars(kind).items() if isinstance(value, property) and key[0] != "_"
    ]
    found = {codes(row[0])[0]: row[1] for row in rows("python.md", name)}
    parameters = inspect.signature(kind).parameters
    assert list(found) == [*parameters, *properties]
    if name == "RunSettings":
        shown = {key: value.strip("`").replace('"', "'") for key, value in found.items()}
        assert shown == {key: repr(each.default) for key, each in parameters.items()}


def test_fields_of_plans_are_documented() -> None:
    """Each object of a plan with its fields, in their order."""
    kinds = {
        "the plan": pipeline_plan.PipelinePlan,
        "each of `sources`": pipeline_plan.SourcePlan,
        "each of `stages`": pipeline_plan.StagePlan,
        "each of `columns`": pipeline_plan.Column,
        "each of `queries`": pipeline_plan.PlannedQuery,
        "each of `scans`": plan_facts.SourceScan,
        "each of `held`": plan_facts.HeldRows,
        "`destination`": pipeline_plan.DestinationPlan,
        "`change`": plan_facts.TargetChange,
        "each of the change's `columns`": plan_facts.ColumnChange,
        "`memory`": pipeline_plan.MemoryEstimate,
        "`changes`": pipeline_plan.Changes,
    }
    found = {
        row[0]: codes(re.sub(r"\(.*?\)", "", row[1]))
        for row in rows("before-you-run.md", "The plan as JSON")
    }
    assert found == {title: list(kind.__struct_fields__) for title, kind in kinds.items()}


def test_errors_are_documented() -> None:
    """Each error with its code and the error it is a kind of."""
    text = (DOCS / "python.md").read_text(encoding="utf-8")
    pattern = re.compile(r"^\| `(\w+)` \| `([\w-]+)` \| (?:`(\w+)`)? *\| .+ \|$", re.MULTILINE)
    found = {name: (code, base) for name, code, base in pattern.findall(text) if name[0].isupper()}
    expected = {name: getattr(errors, name) for name in errors.__all__}
    assert {name: found[name] for name in expected} == {
        name: (each.code, "" if name == "AqueductsError" else each.__bases__[0].__name__)
        for name, each in expected.items()
    }


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Loading", "load"),
        ("Loading", "load_text"),
        ("Loading", "Pipeline.from_dict"),
        ("Running", "run"),
        ("Running", "run_sync"),
        ("Before a run", "plan"),
        ("Before a run", "preview"),
    ],
)
def test_signatures_are_documented(title: str, name: str) -> None:
    """The parameters of the public functions, with their defaults."""
    function: Any = aqueducts
    for part in name.split("."):
        function = getattr(function, part)
    signature = inspect.signature(function)
    plain = signature.replace(
        parameters=[
            each.replace(annotation=inspect.Parameter.empty)
            for each in signature.parameters.values()
        ],
        return_annotation=inspect.Signature.empty,
    )
    shown = f"{name}{plain}".replace("'", '"')
    assert shown in [each.removeprefix("await ") for each in codes(section("python.md", title))]


# --- plugins and architecture.md ---


def test_hooks_are_documented() -> None:
    """The hooks with their signatures."""
    found = [codes(row[0])[0] for row in rows("plugins/index.md", "Hooks")]
    assert found == [
        f"{name}{inspect.signature(each)}".replace("'", "")
        for name, each in vars(hookspecs).items()
        if name.startswith("aqueducts_")
    ]


def test_hooks_say_what_their_docstrings_say() -> None:
    """A hook that is changed is described anew."""
    found = {
        codes(row[0])[0].partition("(")[0]: row[1] for row in rows("plugins/index.md", "Hooks")
    }
    assert found == {
        name: " ".join((inspect.getdoc(each) or "").split())
        for name, each in vars(hookspecs).items()
        if name.startswith("aqueducts_")
    }


def test_every_hook_is_explained() -> None:
    """Each hook is implemented in an example on one of the pages."""
    text = "".join(path.read_text(encoding="utf-8") for path in (DOCS / "plugins").glob("*.md"))
    hooks = [name for name in vars(hookspecs) if name.startswith("aqueducts_")]
    assert [name for name in hooks if f"def {name}(" not in text] == []


def test_context_is_documented() -> None:
    """What a run lends to connectors, all of it."""
    found = [codes(row[0])[0].split("(")[0] for row in rows("plugins/index.md", "The context")]
    there = [name for name in vars(connectors.RunContext) if not name.startswith("_")]
    assert found == [f"context.{name}" for name in there]


def test_pages_made_from_the_code_are_of_the_code() -> None:
    """The contract and the checks of the kit; `python tools/plugin_reference.py` writes them."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools/plugin_reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    stale = [
        name
        for name, text in reference.pages().items()
        if (DOCS / "plugins" / name).read_text(encoding="utf-8") != text
    ]
    assert not stale, "run: python tools/plugin_reference.py"


def test_contract_has_every_class() -> None:
    """Whatever plugins implement or get has a heading."""
    text = (DOCS / "plugins" / "contract.md").read_text(encoding="utf-8")
    titles = re.findall(r"^### (\w+)$", text, re.MULTILINE)
    names = {*connectors.__all__, *plan_facts.__all__, *relations.__all__, *shortage.__all__}
    names |= {"Explanation", "Health", "HealthCheck"}
    names -= {"Relation", "ModelClass"}  # names of types, not classes
    assert sorted(titles) == sorted(names)


def test_suites_are_documented() -> None:
    """The table of suites names all, with what a subclass has to say."""
    found = {
        codes(row[0])[0]: codes(row[1]) for row in rows("plugins/testing.md", "Testing a plugin")
    }
    suites = {name: getattr(testing, name) for name in testing.__all__ if name.endswith("Suite")}
    del suites["Suite"]
    assert set(found) == set(suites)
    for name, suite in suites.items():
        assert set(getattr(suite, "__abstractmethods__")) <= set(found[name]), name  # noqa: B009


def test_faults_are_documented() -> None:
    """The table of what a proxy does names all of it."""
    table = rows("plugins/testing.md", "Faults between a client and its server")
    fields = [field.name for field in dataclasses.fields(testing.Faults)]
    assert [codes(row[0])[0] for row in table] == fields


def test_modules_are_documented_in_the_order_of_imports() -> None:
    """The table of modules is the contract that the linter checks."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each.get("containers") == ["aqueducts"]]
    folder = Path(aqueducts.__file__).parent
    there = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    expected = [sorted(set(re.findall(r"\w+", layer)) & there) for layer in layers]
    found = [sorted(codes(row[0])) for row in rows("architecture.md", "Modules of core")]
    assert found == [each for each in expected if each]


# --- all pages ---


def test_environment_variables_are_those_of_options() -> None:
    """No page names a variable that nothing reads."""
    text = "".join(path.read_text(encoding="utf-8") for path in _pages())
    commands = [cli, *filter(None, (cli.get_command(click.Context(cli), n) for n in _OURS))]
    known = {str(each.envvar) for command in commands for each in command.params if each.envvar}
    known |= {"AQUEDUCTS_X_Y"}  # how variables of the executor are made
    named = set(re.findall(r"\bAQUEDUCTS_[A-Z_]+\b", text))
    # Those are for pipelines: executors let them use what is called so.
    assert {name for name in named if not name.startswith("AQUEDUCTS_SECRET_")} == known


def test_every_page_can_be_reached() -> None:
    """The table of contents of the site has all pages."""
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).as_posix() for path in _pages() if DOCS in path.parents}
    assert set(re.findall(r"[\w/-]+\.md", menu)) - {"errors/index.md"} == pages


def test_links_between_files_lead_somewhere() -> None:
    """Links that are no URLs; the site's own are checked when it is built."""
    broken = [
        f"{page.name}: {target}"
        for page in _pages()
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken


def _pages() -> list[Path]:
    names = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
    return [
        *sorted([*DOCS.glob("*.md"), *DOCS.glob("plugins/*.md")]),
        *(ROOT / name for name in names),
    ]


def test_options_of_cloud_stores_are_those_of_the_page() -> None:
    """Every option is named on the page, and every name in its tables is an option."""
    from aqueducts_cloud.addresses import Provider
    from aqueducts_cloud.keys import find_option, options_of

    text = (DOCS / "cloud.md").read_text(encoding="utf-8")
    sections: dict[Provider, str] = {
        "s3": "### S3",
        "gcs": "### Google Cloud Storage",
        "azure": "### Azure",
    }
    for provider, heading in sections.items():
        section = text.partition(heading + "\n")[2].partition("\n##")[0]
        rows = "\n".join(line for line in section.splitlines() if line.startswith("|"))
        named = {find_option(provider, each).name for each in re.findall(r"`([a-z0-9_]+)`", rows)}
        own = {each.name for each in options_of(provider) if each.kind in ("store", "table")}
        assert named - {"profile"} == own
    requests = text.partition("### Requests\n")[2].partition("\n## ")[0]
    names = {each.name for each in options_of("http")}
    assert names <= set(re.findall(r"`([a-z0-9_]+)`", requests))


# --- executor.md ---


def test_options_of_the_executor_are_documented() -> None:
    """Each with its default and its words."""
    found = {
        codes(row[0])[0]: (row[1].strip("`"), row[2]) for row in rows("executor.md", "Options")
    }
    assert list(found) == [spec.flag for spec in OPTIONS]
    for spec in OPTIONS:
        default, meaning = found[spec.flag]
        assert default == (spec.default or "")
        assert meaning.startswith(spec.help.rstrip("."))


def test_paths_of_the_executor_are_documented() -> None:
    """All that it serves."""
    shown = {tuple(codes(row[0])[0].split()) for row in rows("executor.md", "Running a pipeline")}
    operations = re.findall(
        r'"(GET|POST)",\s*"(/[^"]+)"',
        (ROOT / "packages/aqueducts-executor/src/aqueducts_executor/http/operations.py").read_text(
            encoding="utf-8"
        ),
    )
    assert shown == {*operations, ("GET", "/openapi.json")}
