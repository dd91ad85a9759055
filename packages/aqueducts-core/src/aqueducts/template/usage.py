"""Which parameters a document needs and does not get, and which it gets and does not need."""

from collections.abc import Mapping, Set

from aqueducts.diagnostics import Problem, nearest
from aqueducts.documents import Document, Path, Position
from aqueducts.template.parameters import PARAMS_KEY, Declaration

__all__ = ["Places", "missing_problems", "unused_problems"]

Places = Mapping[str, list[tuple[Position, Path]]]
"""For each missing parameter, the places that need it."""

_MAX_PLACES = 5
"""How many further places of a missing parameter are listed."""


def missing_problems(
    document: Document, missing: Places, declared: Mapping[str, Declaration], unused: Set[str]
) -> list[Problem]:
    """One problem for each missing parameter, at the first place that needs it.

    The first of them shows the flags for all. `unused` are names that are given in vain, of
    which one may be a misspelling.
    """
    problems: list[Problem] = []
    all_flags = " ".join(f"-p {name}=..." for name in missing)
    for name, places in missing.items():
        position, path = places[0]
        advice = f"add -p {name}=..."
        if (guess := nearest(name, unused)) is not None:
            advice += f" (you gave -p {guess}=...: is it a misspelling?)"
        if len(missing) > 1 and not problems:
            advice += f"\nfor all that is missing, add {all_flags}"
        problems.append(
            Problem(
                code="missing-parameter",
                message=f"parameter '{name}' has no value",
                file=document.source_map.file,
                line=position.line,
                column=position.column,
                length=len("${}") + len(name),
                note=_note(document, places, declared.get(name)),
                help=advice,
                path=path,
            )
        )
    return problems


def _note(
    document: Document, places: list[tuple[Position, Path]], declaration: Declaration | None
) -> str | None:
    lines: list[str] = []
    if declaration is not None:
        words = declaration.description or ""
        if declaration.choices:
            words += (", " if words else "") + "one of " + ", ".join(declaration.choices)
        lines += [f"declared {declaration.place}" + (f": {words}" if words else "")]
    # An alias of a YAML value is the same place once more.
    others = list(dict.fromkeys(position for position, _ in places[1:]))
    others = [position for position in others if position != places[0][0]]
    if others and document.source_map.file:
        file = document.source_map.file
        shown = ", ".join(f"{file}:{at.line}:{at.column}" for at in others[:_MAX_PLACES])
        more = len(others) - _MAX_PLACES
        lines.append(f"also needed at {shown}" + (f" and {more} more" if more > 0 else ""))
    return "\n".join(lines) or None


def unused_problems(
    document: Document, used: Set[str], declared: Mapping[str, Declaration], given: Set[str]
) -> list[Problem]:
    """Warnings for parameters that are given or declared and that nothing uses."""
    problems: list[Problem] = []
    known = used | declared.keys()
    for name in sorted(given - known):
        guess = nearest(name, sorted(known - given)) or nearest(name, sorted(known))
        names = ", ".join(sorted(known))
        listed = f"the pipeline's parameters are {names}" if known else "the pipeline has none"
        problems.append(
            Problem(
                code="unused-parameter",
                message=f"parameter '{name}' is given and the pipeline does not use it",
                severity="warning",
                help=f"did you mean -p {guess}=...?" if guess else listed,
            )
        )
    for name in declared:
        if name not in used:
            path = (PARAMS_KEY, name)
            span = document.source_map.key_span(path)
            problems.append(
                Problem(
                    code="unused-parameter",
                    message=f"parameter '{name}' is declared and nothing uses it",
                    file=document.source_map.file,
                    line=span.start.line,
                    column=span.start.column,
                    length=span.length,
                    severity="warning",
                    help=f"write ${{{name}}} where its value belongs, or remove it",
                    path=path,
                )
            )
    return problems
