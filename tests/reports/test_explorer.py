"""Laws of what a page's explorer knows before anything runs."""

from __future__ import annotations

import itertools
import json
import math

import pytest

from workspan.analysis.api import compare
from workspan.analysis.deriving import derive
from workspan.analysis.figures import Comparison
from workspan.graphs.models import CATALOGUE
from workspan.graphs.programs import program
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import size
from workspan.graphs.tracing import trace
from workspan.reports.explorer.content import AXES, content
from workspan.reports.explorer.pools import plain
from workspan.reports.page import comparison_page

MODELS = ("causal_windowed_attention", "linear_recurrence")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """Compare two models at sizes of their own, with several layers."""
    at = {"n": 20, "d": 8, "h": 2, "L": 3}
    figures = ("params", "work", "span")
    return compare(MODELS, at=at, figures=figures, witnesses=("derived",))


def test_every_setting_leads_to_what_is_derived(comparison: Comparison) -> None:
    """Law: a table has the derived formula in each setting, or says that it was not derived."""
    data, refused = content(comparison).data, 0
    for name, (k, analysis) in itertools.product(
        ("params", "work", "span"), enumerate(comparison.analyses)
    ):
        axes, numbers = data["cells"][name][k]
        assert len(numbers) == math.prod(len(data["choices"][axis]) for axis in axes)
        for chosen in itertools.product(*data["choices"].values()):
            own = dict(zip(AXES, chosen, strict=True))
            place = 0
            for axis in axes:
                place = place * len(data["choices"][axis]) + data["choices"][axis].index(own[axis])
            found = data["formulas"][numbers[place]]
            if isinstance(found, str) and found.startswith("not derived for this page"):
                refused += 1
                assert own["mode"] == "train"
                continue
            known = derive(name, analysis.graph, Setting(**own))
            if known.formula is None:
                assert found == known.reason
            else:
                assert data["programs"][found[0]] == plain(program(known.formula))
                assert found[1] == known.grade
    assert refused > 0


def test_tables_have_only_axes_that_matter(comparison: Comparison) -> None:
    """Law: along each axis of a table something changes, and parameters have none."""
    data = content(comparison).data
    assert [axes for axes, _ in data["cells"]["params"]] == [[], []]
    for tables in data["cells"].values():
        for axes, numbers in tables:
            lengths = [len(data["choices"][axis]) for axis in axes]
            every = dict(zip(itertools.product(*map(range, lengths)), numbers, strict=True))
            for k in range(len(axes)):
                first = {key: every[*key[:k], 0, *key[k + 1 :]] for key in every}
                assert first != every


def test_pools_hold_each_thing_once(comparison: Comparison) -> None:
    """Law: no formula and no program stands there twice, and the same comparison gives the same."""
    found = content(comparison)
    for pool in ("formulas", "programs"):
        texts = [json.dumps(one) for one in found.data[pool]]
        assert len(set(texts)) == len(texts)
    assert len(set(found.growths)) == len(found.growths)
    assert content(comparison) == found


def test_it_begins_at_the_sizes_of_the_report(comparison: Comparison) -> None:
    """Law: sizes are those that were asked for; without any they are those of the plots."""
    first = {s["name"]: s["value"] for s in content(comparison).data["sizes"]}
    assert {s: first[s] for s in ("n", "d", "h", "L")} == {"n": 20, "d": 8, "h": 2, "L": 3}
    usual = compare(["rnn"], figures=("work",))
    assert content(usual).data["sizes"] == [
        {"name": "n", "value": 1024},
        {"name": "d", "value": 256},
        {"name": "L", "value": 1},
    ]
    assert comparison_page(usual, title="Explored").count('id="explore"') == 1


def test_layers_and_heads_can_be_chosen_where_the_report_names_none() -> None:
    """Law: formulas are those for all layers and heads; where there is none, for one of each."""
    usual = compare(["attention"], figures=("work", "span"), witnesses=("derived",))
    data = content(usual).data
    assert {"L": 1, "h": 1}.items() <= {s["name"]: s["value"] for s in data["sizes"]}.items()
    whole, own = trace(CATALOGUE["attention"], L="L", h="h"), usual.analyses[0].graph
    ((axes, numbers),) = data["cells"]["work"]
    assert axes == ["mode", "mac"]
    macs = data["choices"]["mac"]
    for mode, graph, only in (("encode", whole, []), ("train", own, [{"L": 1, "h": 1}])):
        place = data["choices"]["mode"].index(mode) * len(macs) + macs.index(2)
        known = derive("work", graph, Setting(mode=mode))
        assert known.formula is not None
        number, grade, _, _, *rest = data["formulas"][numbers[place]]
        assert data["programs"][number] == plain(program(known.formula))
        assert (grade, rest) == (known.grade, only)


def test_whole_numbers_of_programs_are_exact() -> None:
    """Law: a coefficient that a reader of JSON would round is text, the others are numbers."""
    for coefficient in (5, 2**53 - 1, 2**53 + 1, -(10**40)):
        ((terms,), _) = plain(program(coefficient * size("n")))
        written = terms[0][0]
        assert int(written) == coefficient
        assert isinstance(written, str) == (abs(coefficient) > 2**53)
