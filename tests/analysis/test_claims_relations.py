"""Relations of claims: each is true of what it should be, false of the rest, and shows where."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.claims import Claim, ClaimError, claim_of, literature, parse, verdict_on
from workspan.analysis.claims.chance import chance
from workspan.analysis.claims.claiming import claim as claim_about
from workspan.analysis.claims.claiming import claims_of
from workspan.analysis.claims.domains import parse_domain
from workspan.analysis.claims.influence import Influence, influence
from workspan.analysis.claims.random_graphs import RandomGraphs, drawn, taken
from workspan.analysis.claims.sentences import claim_of_sentence
from workspan.analysis.claims.sources import SourceError, parse_sources, sources
from workspan.analysis.figures import Verdict
from workspan.graphs.operations import linear
from workspan.graphs.sizes import SizeError, poly
from workspan.graphs.tracing import Array
from workspan.testing import claimed_sizes


def checked(**fields: str) -> Verdict:
    """Check one claim about an LSTM, with some fields in TOML replaced or added."""
    lines = {
        "id": '"a"',
        "statement": '"something"',
        "source": '"nobody"',
        "models": '["lstm"]',
        "figure": '"params"',
        "relation": '"equals"',
        "value": '"8*d**2 + 8*d"',
        **fields,
    }
    text = "[[claim]]\n" + "\n".join(f"{k} = {v}" for k, v in lines.items() if v)
    return verdict_on(parse(text, "claims.toml")[0])


def test_symbols_of_a_paper_stand_for_formulas_over_sizes() -> None:
    """The same statement in the paper's symbols is the same claim."""
    found = checked(symbols='{ H = "d", W = "2*d" }', value='"2*W**2 + 8*H"')
    assert found.verdict == "proved"


def test_a_refutation_has_the_smallest_counterexample_and_what_holds() -> None:
    """8 d^2 + 8 d is 9 d^2 only at d = 8, so the first size of all refutes."""
    found = checked(value='"9*d**2"')
    assert (found.verdict, found.counterexample) == ("refuted", {"d": 1})
    assert found.corrected == "params = 8*d**2 + 8*d"
    assert checked(value='"9*d**2"', domain='["d >= 8"]').counterexample == {"d": 9}


@given(st.integers(1, 60))
def test_a_counterexample_is_the_first_one(first: int) -> None:
    """Law: a figure that is a formula up to a size and not beyond is refuted right after it."""
    found = checked(relation='"at most"', value=f'"8*d*{first} + 8*d"')
    assert found.counterexample == {"d": first + 1}


def test_a_domain_decides() -> None:
    """min(n, w - 1) is w - 1 where w <= n, and n where n < w; without a domain it is neither."""
    state = {"models": '["causal_windowed_attention"]', "figure": '"state"'}
    assert checked(**state, value='"2*d*(w - 1)"', domain='["w <= n"]').verdict == "proved"
    assert checked(**state, value='"2*d*n"', domain='["n < w"]').verdict == "proved"
    assert checked(**state, value='"2*d*n"').verdict == "refuted"


def test_numbers_are_equal_within_what_is_said() -> None:
    """8 * 512^2 + 8 * 512 is 2,101,248, which is 2.1 million to half a hundred thousand."""
    at = "{ d = 512 }"
    assert checked(relation='"within"', at=at, value='"2101248"').verdict == "proved"
    rounded = {"relation": '"within"', "at": at, "value": '"21*10**5"'}
    assert checked(**rounded, within='"10**5/2"').verdict == "proved"
    assert checked(**rounded).corrected == "params = 2101248"
    assert checked(relation='"within"', value='"21*10**5"').verdict == "out of reach"


def test_leading_terms_and_limits() -> None:
    """12 d^2 + 13 d is 12 d^2 to leading order and tends to it as d grows; 11 d^2 is not."""
    layer = {"models": '["encoder"]', "domain": '["f = 4*d"]'}
    for relation in ('"to leading order"', '"tends to"'):
        assert checked(**layer, relation=relation, value='"12*d**2"').verdict == "proved"
        assert checked(**layer, relation=relation, value='"11*d**2"').verdict == "refuted"


def test_who_is_cheaper_where_is_solved() -> None:
    """An LSTM has 8 d^2 + 8 d parameters, fewer than d^3 exactly where d >= 9."""
    cheaper = {"relation": '"cheaper than"', "value": '"d**3"'}
    assert checked(**cheaper, when='"d >= 9"').verdict == "confirmed"
    assert checked(**cheaper, when='"d > 9"').counterexample == {"d": 9}
    assert checked(relation='"cheaper than"', value='"9*d**2 + 8*d"').verdict == "proved"
    assert checked(relation='"cheaper than"', value='"8*d**2"').verdict == "refuted"


def test_a_reading_that_holds_is_named() -> None:
    """What holds in one reading and not in another is conditional, and says in which."""
    found = checked(readings='[{ name = "two biases" }, { name = "one", value = "8*d**2 + 4*d" }]')
    assert found.verdict == "conditional"
    holds, fails = found.reason.split("not for")
    assert "two biases" in holds
    assert "one" in fails


def test_a_claim_without_a_setting_is_tried_in_those_that_make_sense() -> None:
    """Attention is O(n^2 d) where only mixing is counted, and not with its projections."""
    work = {"models": '["attention"]', "figure": '"work"', "relation": '"O"', "value": '"n**2*d"'}
    found = checked(**work)
    assert found.verdict == "conditional"
    assert "scope mixing" in found.reason.split("not for")[0]


def test_what_is_not_broken_down_is_not_counted_as_nothing() -> None:
    """Parameters have no contractions among them, and their number is not zero for that."""
    found = checked(counting='"contraction"', value='"0"')
    assert found.verdict == "out of reach"
    assert "not broken down" in found.reason


def test_bytes_count_numbers() -> None:
    """A cache in bytes is the state times the bytes of a number."""
    cache = {"models": '["causal_attention"]', "figure": '"state"', "bytes": "2"}
    assert checked(**cache, value='"4*d*n"').verdict == "proved"


def test_distances_that_are_connected_are_found_on_the_graph() -> None:
    """One causal convolution reads k - 1 positions back, and no more."""
    conv = {"models": '["causal_convolution"]', "figure": '"offsets"'}
    assert checked(**conv, relation='"connects up to"', value='"k - 1"').verdict == "confirmed"
    found = checked(**conv, relation='"connects up to"', value='"k"')
    assert found.counterexample == {"k": 1, "distance": 1}


def test_what_has_no_formula_is_measured() -> None:
    """Chunks that carry a state connect all positions in one layer, of which no proof is found."""
    chunked = {"models": '["gla_chunked"]', "figure": '"layers_to_connect"'}
    found = checked(**chunked, relation='"at most"', value='"1"')
    assert found.verdict == "confirmed"
    assert "measured at" in found.reason
    found = checked(**chunked, value='"2"')
    assert found.verdict == "refuted"
    assert "is measured as 1, against 2" in found.reason


def test_random_graphs_are_what_they_are_called() -> None:
    """A global node joins all, and every node that chooses has an edge."""
    some = {"sizes": (32, 64), "samples": 4, "degree": 2}
    joined = RandomGraphs(kind="chosen and one global", **some)  # type: ignore[arg-type]
    assert taken(joined).diameters <= (2, 2)
    assert chance("diameter at most two", joined).holds
    import numpy as np

    graph = drawn(RandomGraphs(kind="chosen", **some), 64, np.random.default_rng(0))  # type: ignore[arg-type]
    assert min(degree for _, degree in graph.degree) >= 2


def test_the_influence_of_one_input_falls_with_the_length() -> None:
    """Averages pass on 1/n of a change, and what would take hours is refused."""
    small = Influence(sizes=(16, 64, 256), samples=32, width=8)
    assert influence("attention", small).holds
    with pytest.raises(ValueError, match="expected"):
        Influence(sizes=(64, 16))
    with pytest.raises(ValueError, match="expected"):
        Influence(samples=1000, sizes=(64, 4096))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "lattice"),
        ("degree", 0),
        ("samples", 1),
        ("sizes", [64]),
        ("sizes", [64, 32]),
        ("sizes", [64, 10**6]),
        ("seed", -1),
        ("tolerance", 0.6),
    ],
)
def test_random_graphs_are_bounded(field: str, value: object) -> None:
    """What does not exist or takes hours is refused."""
    with pytest.raises(ValueError, match="expected"):
        RandomGraphs(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"options": '{ q = "q" }'}, "options.q"),
        ({"options": "{ L = 1000 }"}, "options.L"),
        ({"symbols": '{ "1" = "d" }'}, "symbols.1"),
        ({"symbols": '{ H = "__import__(1)" }'}, "symbols.H"),
        ({"domain": '["d ~ 3"]'}, "domain"),
        ({"domain": '["d = 2*d"]'}, "domain"),
        ({"at": "{ d = 0 }"}, "at.d"),
        ({"at": f"{{ d = {10**17} }}"}, "at.d"),
        ({"within": '"9**99"'}, "within"),
        ({"value": '"dd"'}, "value"),
        ({"value": '"10**17"'}, "value"),
        ({"left": '"P"'}, "figure"),
        ({"figure": '""', "left": '"P"', "quantities": '{ P = { figure = "spam" } }'}, "P.figure"),
        (
            {
                "figure": '""',
                "left": '"P"',
                "quantities": '{ P = { figure = "params", model = "x" } }',
            },
            "P.model",
        ),
        ({"transcription": '"hearsay"'}, "transcription"),
        ({"counting": '"contractions"'}, "counting"),
        ({"figure": '"offsets"'}, "relation"),
        ({"relation": '"connects up to"'}, "relation"),
        ({"beyond": '"me"'}, "beyond"),
        ({"when": '"d"', "relation": '"cheaper than"'}, "when"),
        ({"recompute": '"1"'}, "recompute"),
        ({"readings": '[{ name = "a", value = "dd" }]'}, "readings[0].value"),
        ({"readings": '[{ name = "a", unit = "b" }]'}, "unit"),
        ({"models": "[]"}, "models"),
        ({"models": str(["lstm"] * 33).replace("'", '"')}, "models"),
        ({"settings": str([{}] * 33)}, "settings"),
        (
            {
                "models": str(["lstm"] * 32).replace("'", '"'),
                "settings": "[{}, {}, {}, {}, {}, {}, {}, {}, {}]",
            },
            "claim[0]",
        ),
        ({"statement": f'"{"a" * 3000}"'}, "statement"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, str], field: str) -> None:
    """Each error has the file, the claim and the field."""
    with pytest.raises(ClaimError) as error:
        checked(**fields)
    assert str(error.value).startswith("claims.toml: ")
    assert field in str(error.value)


def test_a_model_of_a_users_own_is_known_only_if_it_is_given() -> None:
    """A claims file cannot make a model known; the caller can."""
    with pytest.raises(ClaimError, match=r"claim\[0\].models\[0\]"):
        checked(models='["mine.py:layer"]')


def test_what_no_relation_expresses_says_why() -> None:
    """A lower bound over all algorithms is out of reach, with that reason."""
    found = verdict_on(claim_of("C168"))
    assert found.verdict == "out of reach"
    assert "all algorithms" in found.reason


@given(st.data())
def test_drawn_sizes_respect_the_domain(data: st.DataObject) -> None:
    """Law: every drawn choice of sizes is in the domain of its claim."""
    usual = [c for c in literature() if c.domain and c.models and not c.readings and not c.left]
    claim: Claim = data.draw(st.sampled_from(usual[:12]))
    at = data.draw(claimed_sizes(claim))
    domain = parse_domain(claim.domain)
    assert domain.holds(at)
    assert all(
        at[name] == value.evaluate(**at) for name, value in domain.equal.items() if name in at
    )


@given(st.data())
def test_sizes_of_a_users_own_claim(data: st.DataObject) -> None:
    """Law: a claim that a model of a user's carries has sizes of its domain; one of none has none."""

    @claim_about("state is at most 2 w d for w <= n")
    def mine(x: Array, *, w: str = "w") -> Array:
        return linear(x, "d", name="value")

    (claim,) = claims_of(mine)
    at = data.draw(claimed_sizes(claim, model=mine))
    assert 1 <= at["w"] <= at["n"]
    with pytest.raises(ValueError, match="about a model"):
        claimed_sizes(claim_of("C030"))


def test_domains_are_data() -> None:
    """A condition that is none is refused, and one that is none of the signs."""
    for text in ("d", "d == 3", "d != 3", "f(d) < 3", "d < 3 < 4"):
        with pytest.raises(SizeError):
            parse_domain((text,))
    domain = parse_domain(("w <= n", "d = h*e"))
    assert domain.decided(poly("d*max(n, w)")) == poly("h*e*n")
    assert domain.complete({"h": 2, "e": 3})["d"] == Fraction(6)


def my_layer(x):  # type: ignore[no-untyped-def]
    """A model that sentences speak of."""
    return x


@pytest.mark.parametrize(
    ("sentence", "relation", "value"),
    [
        ("span is Theta(n)", "Theta", "n"),
        ("the path length of my_layer is O(log n)", "O", "ceil(log2(n))"),
        ("work is at most 4 n^2 d", "at most", "4*n^2*d"),
        ("parameters equals 2 d^2", "equals", "2*d^2"),
        ("state is 2*d.", "equals", "2*d"),
    ],
)
def test_a_sentence_is_a_claim(sentence: str, relation: str, value: str) -> None:
    """Figure, relation and formula are what the sentence says."""
    found = claim_of_sentence(sentence, my_layer)
    assert (found.relation, found.value) == (relation, value)


@pytest.mark.parametrize(
    "sentence",
    [
        "it is fast",
        "span of other is n",
        "span is Theta(n",
        "span is n with speed 3",
        "span is f(n)",
    ],
)
def test_a_sentence_that_is_none_is_quoted(sentence: str) -> None:
    """The error has the sentence, and what was expected."""
    with pytest.raises(ClaimError, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        claim_of_sentence(sentence, my_layer)


def test_sources_are_read_as_data() -> None:
    """Every entry prints as it is written; a line that is no field is named."""
    for source in sources().values():
        assert parse_sources(source.bibtex) == (source,)
    with pytest.raises(SourceError, match=r"sources.bib:2"):
        parse_sources("@misc{a,\n  title: {b},\n}\n")
    with pytest.raises(SourceError, match=r"author"):
        parse_sources("@misc{a,\n  title = {b},\n  year = {2000},\n}\n")
