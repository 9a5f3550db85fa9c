"""Laws of sweeps: every point once, in order, with exactly the value that an analysis has there."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import workspan as ws
from workspan.analysis.api import graph_of
from workspan.analysis.deriving import derive
from workspan.analysis.machines.machine import load
from workspan.analysis.machines.predicting import predict
from workspan.analysis.machines.task import Task
from workspan.analysis.sweeping.axes import Axis, boxes, points
from workspan.analysis.sweeping.errors import SweepError
from workspan.analysis.sweeping.performing import Work
from workspan.analysis.sweeping.planning import planned
from workspan.analysis.sweeping.spec import COLUMNS, Spec, convert, parse, read
from workspan.analysis.sweeping.summary import Summary
from workspan.analysis.sweeping.sweep import in_order
from workspan.analysis.sweeping.tables import SETTING, TASK, Table, columns_of
from workspan.analysis.sweeping.writing import csv_texts
from workspan.graphs.misfits import misfit
from workspan.testing import Block, models

from .specs import SMALL, plan_of

BENCHMARKED = Path(__file__).parents[3] / "benchmarks" / "points.toml"


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(1, 40), st.data())
def test_boxes_are_all_points_in_order(lengths: list[int], most: int, data: Any) -> None:
    """Law: the boxes of a range hold its points, each once, in the order of the product."""
    axes = tuple(Axis(f"s{i}", tuple(range(k))) for i, k in enumerate(lengths))
    every = list(itertools.product(*(a.values for a in axes)))
    start = data.draw(st.integers(0, len(every)))
    stop = data.draw(st.integers(start, len(every)))
    found: list[tuple[int, ...]] = []
    for box in boxes(start, stop, axes, most=most):
        parts = (a.values[f : f + k] for a, f, k in zip(axes, box.first, box.lengths, strict=True))
        inside = list(itertools.product(*parts))
        assert len(inside) == box.stop - box.start <= most
        found += inside
    assert found == every[start:stop]
    assert points(*axes) == len(every)


def test_rows_are_what_an_analysis_says() -> None:
    """Law: value, unit, grade and reason of every point are those of an analysis at its sizes."""
    rows = [row for table in ws.sweep(SMALL) for row in table.rows()]
    assert len(rows) == len({tuple(r.values())[:11] for r in rows}) == plan_of().total
    for row in rows[::7]:
        at = {s: row[s] for s in SMALL["sizes"] if row[s] is not None}
        setting = ws.Setting(**{a: row[f"setting_{a}"] for a in ("unit", "mac")})
        figure = ws.analyze(
            row["model"],
            at=[at],
            setting=setting,
            figures=[row["figure"]],
            witnesses=["derived"],
        )[row["figure"]]
        assert row["value"] == figure.values[0].derived
        assert row["unit"] == figure.unit
        assert row["grade"] == (figure.grade or "")
        assert bool(row["reason"]) == (row["value"] is None)
        if figure.formula is None:
            assert row["reason"] == figure.reason


def test_witnesses_are_executed_and_agree() -> None:
    """Law: what is measured and run at each point is what the formula says there."""
    rows = [
        row
        for table in ws.sweep(
            {
                "models": ["rnn", "attention"],
                "figures": ["work", "span", "parallelism"],
                "sizes": {"n": [1, 5], "d": [3]},
                "witnesses": ["derived", "measured", "run"],
            }
        )
        for row in table.rows()
    ]
    assert len(rows) == 12
    for row in rows:
        assert row["value"] == row["measured"] == row["run"]


def test_what_has_no_value_says_why() -> None:
    """Law: chunks that do not divide, sizes that are no sizes and wrong domains are null."""
    spec = {
        "models": ["ssd_chunked"],
        "figures": ["work"],
        "sizes": {"n": [8, 12], "d": [6], "s": [2], "h": "d/4*2", "c": [4, 5]},
        "witnesses": ["derived", "measured"],
    }
    rows = [row for table in ws.sweep(spec) for row in table.rows()]
    told = {(r["n"], r["c"]): (r["value"], r["measured"], r["reason"]) for r in rows}
    assert [told[n, 4][0] is not None for n in (8, 12)] == [True, True]
    for n in (8, 12):
        assert told[n, 4][1] == told[n, 4][0]
        assert told[n, 5] == (None, None, "n/c is not whole")
    spec["sizes"]["h"] = "d/4"  # type: ignore[index]
    rows = [row for table in ws.sweep(spec) for row in table.rows()]
    assert {(r["h"], r["value"], r["reason"]) for r in rows} == {
        (None, None, "h = d/4 is not whole")
    }


def test_a_model_that_does_not_exist_has_no_value() -> None:
    """Law: a sequence longer than the positions that were learned is null, and not measured."""
    spec = {
        "models": ["gpt2"],
        "figures": ["work"],
        "sizes": {"n": [3, 4, 5], "c": 4, "d": 4, "h": [2, 3], "f": 8, "v": 5},
        "witnesses": ["derived", "measured"],
    }
    rows = [row for table in ws.sweep(spec) for row in table.rows()]
    assert [(r["n"], r["h"], r["reason"]) for r in rows] == [
        (3, 2, ""),
        (3, 3, "d/h is not whole"),
        (4, 2, ""),
        (4, 3, "d/h is not whole"),
        (5, 2, "n is more than c"),
        (5, 3, "d/h is not whole"),
    ]
    for row in rows:
        assert row["value"] == row["measured"]
        assert (row["value"] is None) == bool(row["reason"])


def test_a_size_that_is_none_is_null_where_it_is_none() -> None:
    """Law: only the points at which a formula of sizes is no size have no value, nor a witness."""
    spec = {
        "models": ["causal_windowed_attention"],
        "figures": ["state"],
        "sizes": {"n": [9], "d": {"from": 3, "to": 8}, "w": "8/(d - 4)"},
        "witnesses": ["derived", "measured"],
    }
    rows = [row for table in ws.sweep(spec) for row in table.rows()]
    assert [(r["d"], r["w"], r["reason"]) for r in rows] == [
        (3, None, "w = 8/(d - 4) is below 1"),
        (4, None, "w = 8/(d - 4) has no value"),
        (5, 8, ""),
        (6, 4, ""),
        (7, None, "w = 8/(d - 4) is not whole"),
        (8, 2, ""),
    ]
    for row in rows:
        assert row["value"] == row["measured"]
        assert (row["value"] is None) == (row["w"] is None)


@given(models(deepest=2), st.lists(st.integers(1, 5), min_size=2, max_size=3, unique=True))
@settings(max_examples=15)
def test_any_model_has_the_values_of_its_analysis(model: Block, lengths: list[int]) -> None:
    """Law: for any model, whatever its formulas look like, each point has the analysis's value,
    and none, nor a witness, where there is no such model.
    """
    figures = ["work", "span", "activations"]
    graph = model.graph
    sizes = {s: [2, 3] if s != "n" else lengths for s in graph.free_sizes}
    spec = {"models": ["drawn"], "figures": figures, "sizes": sizes}
    every = [dict(zip(sizes, row, strict=True)) for row in itertools.product(*sizes.values())]
    at = [own for own in every if misfit(graph, own) is None]
    assume(at)
    found = ws.analyze(graph, at=at, figures=figures, witnesses=["derived"])
    values = {name: iter(found[name].values) for name in figures}
    for table in ws.sweep(spec, models={"drawn": graph}):
        for row in table.rows():
            exists = misfit(graph, {s: row[s] for s in sizes}) is None
            assert row["value"] == (next(values[row["figure"]]).derived if exists else None)


def test_a_formula_is_null_outside_its_domain() -> None:
    """Law: below the least sizes of a formula there is no value, and the next point has one."""
    spec = {"models": ["attention"], "figures": ["path_length"], "sizes": {"n": [1, 2], "d": [2]}}
    derived = ws.analyze("attention", figures=["path_length"], witnesses=["derived"])
    rows = [row for table in ws.sweep(spec) for row in table.rows()]
    assert derived["path_length"].formula == rows[1]["value"]
    least = 2 if derived["path_length"].domain == "n >= 2" else 1
    assert (rows[0]["value"] is None) == (least == 2)


@pytest.mark.parametrize("executor", ["serial", "processes:2"])
def test_chunks_do_not_change_the_table(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: the table is the same text whatever the chunks and wherever they were evaluated."""
    from workspan.analysis.sweeping import performing

    plan = plan_of()
    whole = "".join(t for c in Work(plan, [(0, plan.total)], "serial") for t in csv_texts(plan, c))
    monkeypatch.setattr(performing, "FIRST_FORMULA", 3)
    monkeypatch.setattr(performing, "MOST_FORMULA", 5)
    split = list(in_order(Work(plan, [(0, 7), (7, plan.total)], executor)))
    assert len(split) > plan.total / 5
    assert "".join(t for c in split for t in csv_texts(plan, c)) == whole


def test_the_summary_counts_every_point() -> None:
    """Law: values and reasons together are all points; a witness that lies is counted."""
    plan, summary = plan_of(), Summary()
    chunks = list(summary.watching(Work(plan, [(0, plan.total)], "serial")))
    assert summary.points == plan.total == summary.valued + sum(summary.reasons.values())
    lying = Summary()
    import msgspec

    first = chunks[0]
    lying.add(msgspec.structs.replace(first, measured=("0",) * len(first)))
    assert lying.disagree == len(first)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('models = "lstm"', "a.toml, line 1: models: Expected `array`, got `str`"),
        ('models = ["lstm"', "a.toml: expected TOML"),
        ("sizes = 3\nx = 1", "a.toml, line 2: x: expected one of models, sizes"),
        (
            'models = ["lstm"]\nfigures = ["wrk"]\n[sizes]\nn = 1',
            "a.toml, line 2: figures: expected names of params, work",
        ),
        (
            'models = ["lstm"]\nfigures = ["work"]\n[sizes]\nd = 1\nn = { from = 9, to = 3 }',
            "a.toml, line 5: sizes.n.to: expected at least from = 9, got to = 3",
        ),
        (
            'models = ["lstm"]\nfigures = ["work"]\n[sizes.n]\nfrom = 1\nto = 1e6',
            "a.toml, line 5: sizes.n.to: expected a whole number from 1",
        ),
        (
            'models = ["lstm"]\nfigures = ["work"]\n[sizes]\nn = { from = 1, to = 1000000000000 }',
            "a.toml, line 4: sizes.n: expected at most 10,000,000 values",
        ),
        (
            'models = ["lstm"]\nfigures = ["work"]\n[sizes]\nn = "__import__(1)"',
            "a.toml, line 4: sizes.n: expected one of ceil",
        ),
        (
            'models = ["lstm"]\nfigures = ["work"]\nwitnesses = ["guessed"]\n[sizes]\nn = 1',
            "a.toml, line 3: witnesses: expected names of derived, measured, run, got 'guessed'",
        ),
        (
            'models = ["lstm"]\nfigures = ["work"]\n[sizes]\nn = 1\n[setting]\nmac = [1, 3]',
            "a.toml, line 6: setting.mac: expected values of 1, 2, got 3",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_line(text: str, message: str) -> None:
    """Law: bad input is one line with the file, the line, the field and the way out."""
    with pytest.raises(SweepError) as found:
        parse(text, "a.toml")
    assert str(found.value).startswith(message)
    assert "\n" not in str(found.value)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["n", "d", "4*d", "lstm", "work", "tensor", "decode", "a100", 10**13, 8]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["from", "to", "step", "n", "d", "unit", "x"]), inner)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*Spec.__struct_fields__, "other"]), ANYTHING), st.data())
def test_whatever_a_file_says_is_taken_or_refused_in_one_line(
    changes: dict[str, Any], data: Any
) -> None:
    """Law: no content of a file raises anything but the error that names the field."""
    kept = data.draw(st.sets(st.sampled_from(list(changes)))) if changes else set()
    given_ = {**SMALL, **{k: v for k, v in changes.items() if k in kept}}
    message = ""
    try:
        spec = convert(given_)
        assert spec.axes
        assert spec.settings
        assert bool(spec.tasks) == bool(spec.machines)
    except SweepError as error:
        message = str(error)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"machines": ["a1000"]}, "machines: expected a machine of a100"),
        ({"task": {"batch": 0}, "machines": ["a100"]}, "task.batch: expected batch to be from 1"),
        ({"task": {"number": "bf17"}}, "task: expected machines for a task"),
        ({"task": {"speed": 3}, "machines": ["a100"]}, "task.speed: expected one of mode"),
        (
            {"task": {"batch": list(range(1, 10_002))}, "machines": ["a100"]},
            "task: expected at most 10,000 tasks, got 10,001",
        ),
        ({"sizes": {"n": 1, "value": 2}}, "sizes.value: expected another name"),
        ({"figures": []}, "expected figures, machines or both, got neither"),
        ({"models": ["lstn"]}, "models: expected a model of the catalogue"),
        ({"sizes": {"n": [1]}}, "sizes: expected values for d, which lstm has"),
        ({"sizes": {**SMALL["sizes"], "q": 1}}, "sizes.q: expected a size of a model"),
        (
            {"sizes": {**SMALL["sizes"], "n": {"from": 1, "to": 9_000_000}}},
            "expected at most 100,000,000 points, got 1,",
        ),
        (
            {
                "sizes": {**SMALL["sizes"], "n": {"from": 1, "to": 99_999}},
                "witnesses": ["run"],
            },
            "expected at most 100,000 points that are measured or run",
        ),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    """Law: what models do not have, or too many points, is refused before any work is done."""
    with pytest.raises(SweepError) as found:
        ws.sweep({**SMALL, **changes})
    assert message in str(found.value)


def test_eighty_million_points_are_found_by_their_index() -> None:
    """Law: a sweep of the benchmarks is never written out; any of its points is found at once,
    with the value that its formula has there by itself.
    """
    plan = planned(read(BENCHMARKED))
    assert plan.total == 2 * 4 * 10 * 20 * 50_000
    picked = [0, 49_999, 50_000, 12_345_678, 35_000_017, 61_999_999, plan.total - 1]
    for chunk in Work(plan, [(k, k + 1) for k in picked], "serial"):
        (row,) = Table(plan, chunk).rows()
        setting = ws.Setting(unit="scalar")
        found = derive(row["figure"], graph_of(row["model"], [{"L": 1}]), setting).formula
        assert found is not None
        assert row["value"] == found.evaluate(**{s: row[s] for s in found.sizes})


def test_predictions_are_those_of_the_machines() -> None:
    """Law: time and memory at each point are what is predicted there by itself."""
    machines = {name: load(name) for name in ("a100", "m1_max")}
    spec: dict[str, Any] = {
        "models": ["lstm", "causal_attention"],
        "machines": list(machines),
        "sizes": {"n": [1, 300], "d": [64], "L": [2], "h": [4]},
        "task": {"mode": ["prefill", "decode", "train"], "batch": [1, 3], "number": "fp32"},
    }
    rows = [row for table in ws.sweep(spec) for row in table.rows()]
    assert len(rows) == 2 * 2 * 2 * 6 * 2
    graphs = {name: graph_of(name, [{"L": 1, "h": 1}]) for name in spec["models"]}
    for row in rows:
        sizes = {s: row[s] for s in spec["sizes"] if row[s] is not None}
        task = Task(row["task_mode"], row["task_batch"], row["task_number"])
        expected = predict(graphs[row["model"]], sizes, machines[row["machine"]], task)
        value = expected.seconds if row["figure"] == "time" else expected.bytes
        assert row["value"] == pytest.approx(value, rel=1e-12)
        assert (row["grade"], row["reason"]) == ("predicted", "")


def test_columns_have_names_that_no_size_has() -> None:
    """Law: the names that sizes must not have are those of all other columns."""
    plan = plan_of(machines=["a100"], witnesses=["derived", "measured", "run"])
    others = {c for c in columns_of(plan) if c not in (*SMALL["sizes"], *SETTING, *TASK)}
    assert others == set(COLUMNS)


def test_what_cannot_be_predicted_says_why() -> None:
    """Law: a model that cannot decode, and a format without a rate, are null with the reason."""
    spec: dict[str, Any] = {
        "models": ["attention"],
        "machines": ["a100"],
        "sizes": {"n": [8], "d": [4]},
        "task": {"mode": "decode", "number": ["bf16", "fp8"]},
        "predict": ["time"],
    }
    first, _ = (row for table in ws.sweep(spec) for row in table.rows())
    assert first["value"] is None
    assert "not causal" in first["reason"]
    spec["task"]["mode"] = "encode"
    first, second = (row for table in ws.sweep(spec) for row in table.rows())
    assert first["value"] > 0
    assert second["value"] is None
    assert "expected a number format" in second["reason"]


def test_the_digest_is_of_the_content() -> None:
    """Law: the same sweep has the same name, however it is written; another one has another."""
    same = convert(dict(reversed(tuple(SMALL.items()))))
    assert same.digest == convert(SMALL).digest
    assert convert({**SMALL, "figures": ["work"]}).digest != same.digest
    turned = {**SMALL, "sizes": dict(reversed(tuple(SMALL["sizes"].items())))}
    assert convert(turned).digest != same.digest, "another order of sizes is another order of rows"
