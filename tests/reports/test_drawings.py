"""Laws of drawings."""

from __future__ import annotations

import inspect
import re
import xml.etree.ElementTree as ElementTree

import networkx as nx
import pytest

from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.tracing import trace
from workspan.reports.pictures.diagrams import dot, graph_record, mermaid
from workspan.reports.pictures.draw import DrawingError, svg
from workspan.reports.pictures.layout import lay_out
from workspan.reports.pictures.picture import picture_of


def graph_of(name: str, **sizes: object) -> Graph:
    """Trace a model, its layers a size unless a number is given."""
    function = CATALOGUE[name]
    if "L" in inspect.signature(function).parameters:
        sizes = {"L": "L", **sizes}
    return trace(function, **sizes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_model_is_drawn(name: str) -> None:
    """A drawing of any model of the catalogue parses as XML and is the same twice."""
    drawing = svg(graph_of(name))
    ElementTree.fromstring(drawing.encode())
    assert drawing == svg(graph_of(name))


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_is_not_carried_has_no_cycle(name: str) -> None:
    """Without the arrows over time and layers, no cycle is left."""
    picture = picture_of(graph_of(name))
    forward = nx.DiGraph([(a.source, a.target) for a in picture.arrows if not a.carried])
    assert nx.is_directed_acyclic_graph(forward)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_critical_path_is_a_heaviest_path(name: str) -> None:
    """The marked boxes are a path from an input, and its steps are the depth of the deepest box."""
    picture = picture_of(graph_of(name))
    marked = [b for b in picture.boxes if b.critical]
    weight = sum(int(b.weight.evaluate(**picture.sample)) for b in marked)
    assert weight == max(picture.steps(b) for b in picture.boxes)
    links = {(a.source, a.target) for a in picture.arrows if a.critical}
    assert len(links) == len(marked) - 1


def test_recurrence_is_a_cycle_over_time() -> None:
    """An LSTM shows a cycle over time; a stack of it shows one over layers as well."""
    drawing = svg(graph_of("lstm"))
    assert "a cycle over time: recurrence" in drawing
    assert 'class="arrow time"' in drawing
    assert 'class="arrow layer"' in drawing
    assert 'class="arrow layer"' not in svg(graph_of("lstm", L=1))


def test_attention_has_no_cycle_over_time() -> None:
    """Attention shows none, and reads all positions."""
    drawing = svg(graph_of("attention"))
    assert "no cycle over time" in drawing
    assert 'class="arrow time"' not in drawing
    assert "reads other positions: all" in drawing


def test_both_directions_are_told_apart() -> None:
    """The arcs of a reversed recurrence say so."""
    labels = {a.label for a in picture_of(graph_of("bidirectional_rnn")).of("time")}
    assert labels == {"time", "time, reversed"}


def test_a_graph_that_is_too_large_says_what_to_do() -> None:
    """A stack of very many explicit layers is refused with the way out."""
    with pytest.raises(DrawingError, match="leave L a size"):
        svg(graph_of("lstm", L=40))


def test_boxes_do_not_overlap() -> None:
    """Boxes of one column keep their distance, whatever their neighbours want."""
    columns = {"a": 0, "b": 1, "c": 1, "d": 1, "e": 2}
    arrows = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "e"), ("c", "e"), ("d", "e"), ("a", "e")]
    found = lay_out(columns, dict.fromkeys(columns, 20.0), arrows, gap=10)
    middle = sorted(found.y[name] for name in "bcd")
    assert middle[1] - middle[0] >= 30
    assert middle[2] - middle[1] >= 30
    assert [column for column, _ in found.passages["a", "e"]] == [1]


def test_text_drawings_hold_every_box_and_arrow() -> None:
    """DOT and Mermaid have one line for each arrow."""
    graph = graph_of("gru")
    count = len(picture_of(graph).arrows)
    assert len(re.findall(r'" -> "', dot(graph))) == count
    assert len(re.findall(r"(-->|==>|-\.->)", mermaid(graph))) == count


def test_json_holds_the_whole_graph() -> None:
    """JSON folds nothing: a node for each equation, an edge for each read, cycles marked."""
    graph = graph_of("lstm")
    record = graph_record(graph)
    assert [n["name"] for n in record["nodes"]] == list(graph.equations)
    assert len(record["edges"]) == sum(len(e.reads) for e in graph)
    assert {e["cycle"] for e in record["edges"]} == {None, "time", "layer"}
