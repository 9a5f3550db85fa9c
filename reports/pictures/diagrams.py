"""Drawings as text for other programs: DOT for Graphviz, Mermaid for code hosts, JSON."""

from __future__ import annotations

from typing import Any

from ...graphs.graph import Graph
from ..notation.markup import printable
from .folding import Arrow, carried_reads
from .picture import Box, picture_of

_COLOURS = {"gather": "#0f7b6c", "time": "#c2410c", "layer": "#6d28d9"}


def dot(graph: Graph) -> str:
    """Return the folded graph in Graphviz's language; columns are depth."""
    picture = picture_of(graph)
    lines = [
        f"digraph {_quoted(picture.name)} {{",
        "  rankdir=LR;",
        "  node [shape=box, style=rounded];",
    ]
    lines.append(f"  label={_quoted(f'{picture.name}: {picture.summary}')};")
    by_depth: dict[int, list[str]] = {}
    for box in picture.boxes:
        label, bold = _quoted("\n".join(box.lines)), ", penwidth=2.4" if box.critical else ""
        lines.append(f"  {_quoted(box.name)} [label={label}{bold}];")
        by_depth.setdefault(picture.steps(box), []).append(_quoted(box.name))
    lines += [f"  {{ rank=same; {'; '.join(names)}; }}" for _, names in sorted(by_depth.items())]
    lines += [
        f"  {_quoted(a.source)} -> {_quoted(a.target)}{_dot_style(a)};" for a in picture.arrows
    ]
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(graph: Graph) -> str:
    """Return the folded graph as a Mermaid flow chart."""
    picture = picture_of(graph)
    names = {box.name: f"b{k}" for k, box in enumerate(picture.boxes)}
    lines = ["flowchart LR", f"  %% {printable(picture.name)}: {printable(picture.summary)}"]
    lines += [f'  {names[b.name]}["{_mermaid_label(b)}"]' for b in picture.boxes]
    for arrow in picture.arrows:
        link = "-.->" if arrow.carried else "==>" if arrow.critical else "-->"
        label = f'|"{_entities(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {names[arrow.source]} {link}{label} {names[arrow.target]}")
    for kind, colour in _COLOURS.items():
        chosen = [str(k) for k, a in enumerate(picture.arrows) if a.kind == kind]
        if chosen:
            lines.append(f"  linkStyle {','.join(chosen)} stroke:{colour}")
    critical = [names[b.name] for b in picture.boxes if b.critical]
    lines += ["  classDef critical stroke-width:3px", f"  class {','.join(critical)} critical"]
    return "\n".join(lines) + "\n"


def graph_record(graph: Graph) -> dict[str, Any]:
    """Return the whole graph, nothing folded, with its cycles and its critical path."""
    carried, picture = carried_reads(graph), picture_of(graph)
    critical = {name for box in picture.boxes if box.critical for name in box.equations}
    return {
        "schema": 1,
        "model": graph.name,
        "summary": picture.summary,
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "nodes": [
            {
                "name": e.name,
                "primitive": e.primitive.name,
                "layer": e.layer,
                "domain": [
                    {"axis": a.name, "size": str(a.extent), "kind": a.kind} for a in e.domain
                ],
                "critical": e.name in critical,
            }
            for e in graph
        ],
        "edges": [
            {
                "source": r.source,
                "target": e.name,
                "relation": str(r.relation),
                "axis": r.axis,
                "boundary": r.boundary,
                "cycle": carried.get((e.name, r)),
            }
            for e in graph
            for r in e.reads
        ],
    }


def _dot_style(arrow: Arrow) -> str:
    options = []
    if arrow.label:
        options.append(f"label={_quoted(arrow.label)}")
    if arrow.kind in _COLOURS:
        colour = _quoted(_COLOURS[arrow.kind])
        options.append(f"color={colour}, fontcolor={colour}")
    if arrow.carried:
        options.append("constraint=false" + (", style=dashed" if arrow.kind == "layer" else ""))
    if arrow.critical:
        options.append("penwidth=2.4")
    return f" [{', '.join(options)}]" if options else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(c for c in escaped if c.isprintable()) + '"'


def _mermaid_label(box: Box) -> str:
    return "<br/>".join(_entities(line) for line in box.lines)


def _entities(text: str) -> str:
    """Write all but plain letters and digits as Mermaid's numeric entities."""
    return "".join(c if c.isalnum() or c in " ._,+-" else f"#{ord(c)};" for c in text)
