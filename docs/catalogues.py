"""The catalogues as pages: models by family, each with its drawing, and claims by family."""

import importlib
import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import workspan
from workspan.analysis.claims import FAMILIES, Claim, of_family
from workspan.analysis.claims.record import BUILT_IN, read_record
from workspan.graphs.models import CATALOGUE
from workspan.reports.citing import NONE
from workspan.reports.claim_pages import file_of
from workspan.reports.claims import ORDER
from workspan.reports.notation.markup import markdown_escape
from workspan.reports.pictures.draw import svg

CLAIMS = Path(__file__).parent.parent / "reports" / "claims"
"""The catalogue of claims as the tool wrote it; the checks compare it with what it writes now."""
MODELS = "workspan.graphs.models."


def write_models(folder: Path) -> None:
    """Write a page of models for each family, with a drawing of each model, and their index."""
    folder.mkdir()
    families = {family: list(names) for family, names in groupby(CATALOGUE, _family)}
    for family, names in families.items():
        _put(folder / f"{family}.md", _models(family, names))
        for name in names:
            drawing = svg(workspan.trace(CATALOGUE[name]))
            (folder / f"{name}.svg").write_text(drawing, encoding="utf-8")
    _put(folder / "index.md", _families(families))


def _family(name: str) -> str:
    """Return the module or package that a model stands in."""
    return CATALOGUE[name].__module__.removeprefix(MODELS).partition(".")[0]


def _families(families: dict[str, list[str]]) -> Iterator[str]:
    yield "# Models\n"
    yield f"{len(CATALOGUE)} models, none of which holds a formula for any figure."
    yield "`workspan draw NAME` draws one, `workspan analyze NAME` derives its figures.\n"
    yield "| family | models |\n| --- | --- |"
    for family, names in families.items():
        links = ", ".join(f"[{name}]({family}.md#{name})" for name in names)
        yield f"| [{_title(family)}]({family}.md) | {links} |"
    yield from ("", *_contents(families))


def _title(family: str) -> str:
    return family.replace("_", " ").replace("-", " ").capitalize()


def _models(family: str, names: list[str]) -> Iterator[str]:
    doc = inspect.getdoc(importlib.import_module(f"{MODELS}{family}")) or ""
    yield f"# {_title(family)}\n"
    yield f"```{{eval-rst}}\n{doc.partition(chr(10) * 2)[0]}\n```\n"
    yield "Arguments after `*` are sizes and options; `--at` gives them on the command line.\n"
    for name in names:
        function = CATALOGUE[name]
        path = f"{function.__module__}.{function.__name__}"
        yield f"## {name}\n\n```{{eval-rst}}\n.. autofunction:: {path}\n```\n"
        yield f"[![The dependence graph of {name}]({name}.svg)]({name}.svg)\n"


def write_claims(folder: Path, *, pages: bool = True) -> None:
    """Write the pages of claims, one for each family that lists its own, and their index."""
    folder.mkdir()
    if not pages:
        _put(folder / "README.md", iter(["# Claims that were checked"]))
        return
    record = read_record(BUILT_IN)
    verdicts = {
        claim.id: record[claim.id].verdict if claim.id in record else NONE
        for family in FAMILIES
        for claim in of_family(family)
    }
    for page in CLAIMS.glob("*"):
        text = page.read_text(encoding="utf-8")
        text = re.sub(r"\]\(README\.md#([a-z-]+)\)", r"](family-\1.md)", text)
        (folder / page.name).write_text(text, encoding="utf-8")
    for family in FAMILIES:
        _put(folder / f"family-{family}.md", _claims(family, of_family(family), verdicts))
    _put(folder / "README.md", _index(verdicts))


def _index(verdicts: dict[str, str]) -> Iterator[str]:
    yield "# Claims that were checked\n"
    yield "What papers say about cost, depth, paths and memory, each with a computed verdict."
    yield "`workspan check --id ID` computes it again, and [claims.bib](claims.bib) has the sources."
    yield "What the verdicts mean has [a page of its own](../../verdicts.md).\n"
    yield f"| family | claims | {' | '.join(ORDER[:5])} |\n| --- | --: |{' --: |' * 5}"
    for family in FAMILIES:
        claims = of_family(family)
        counts = Counter(verdicts[claim.id] for claim in claims)
        cells = " | ".join(str(counts[verdict] or "") for verdict in ORDER[:5])
        yield f"| [{_title(family)}](family-{family}.md) | {len(claims)} | {cells} |"
    for verdict in ("refuted", "out of reach"):
        found = [f"[{name}]({name}.md)" for name, told in verdicts.items() if told == verdict]
        yield f"\n## {verdict.capitalize()}\n\n{', '.join(found)}."
    yield from ("", *_contents(f"family-{family}" for family in FAMILIES))


def _claims(family: str, claims: list[Claim], verdicts: dict[str, str]) -> Iterator[str]:
    yield f"# {_title(family)}\n"
    yield "| claim | what is said | verdict |\n| --- | --- | --- |"
    for claim in claims:
        said = markdown_escape(claim.statement).replace("|", "\\|")
        yield f"| [{claim.id}]({file_of(claim)}) | {said} | {verdicts[claim.id]} |"
    yield from ("", *_contents(claim.id for claim in claims))


def _contents(pages: Iterable[str]) -> Iterator[str]:
    yield from ("```{toctree}", ":hidden:", "", *pages, "```")


def _put(page: Path, lines: Iterator[str]) -> None:
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
