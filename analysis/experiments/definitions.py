"""The experiments that come with workspan.

Each is fixed before it is run: its digest is in the record, and a definition that has changed has no
result until it is run again. Recorded seeds were never used to choose sizes or steps.

>>> sorted(NAMES)[:3]
['adding', 'copying', 'copying-distance']
>>> define("adding").sizes
(20, 40, 80)
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping, Sequence

from ..runs.errors import UnknownNameError
from .ceilings import predictions
from .definition import Definition, Learner, Sample, Test, Training, quick

ACCURACY = "share of right answers on 1,024 fresh examples, one number for each seed"
SIGNAL_SEEDS = 16


@functools.cache
def define(name: str) -> Definition:
    """Return an experiment by its name; ``adding-quick`` is the quick form of ``adding``.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    plain = name.removesuffix("-quick")
    if plain not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownNameError(f"expected one of {', '.join(NAMES)}, got {name!r}{hint}")
    found = NAMES[plain]()
    return found if plain == name else quick(found)


def _more(
    statement: str,
    left: Learner,
    right: Learner,
    metric: str,
    sizes: Sequence[int] = (),
    others: Sequence[int] | None = None,
) -> Test:
    """Test that the left learner's numbers are larger; at other sizes of the right one if given."""
    at = tuple(sizes)
    return Test(
        statement,
        "greater",
        Sample(left.label, metric, at),
        Sample(right.label, metric, at if others is None else tuple(others)),
    )


def _gradient() -> Definition:
    rnn, lstm, gru, linear, attention = learners = tuple(
        Learner(m, d=16) for m in ("rnn", "lstm", "gru", "linear_recurrence", "causal_attention")
    )
    vanishing = tuple(
        Test(f"the gradient of {x.model} falls with distance", "below", Sample(x.label, "slope"))
        for x in (rnn, lstm, gru, linear)
    )
    return Definition(
        name="gradient",
        question="How does the gradient change with distance, before any training?",
        task="",
        learners=learners,
        along="n",
        sizes=(32, 64),
        fixed={"near": 8},
        measures=("gradient",),
        metric="slope",
        seeds=SIGNAL_SEEDS,
        statistic="least-squares slope of the logarithm of the spectral norm of d output_n / d "
        "input_j by the distance n - j, from distance 1 on, as torch initialises its modules",
        tests=(
            *vanishing,
            Test(
                "the gradient of attention changes by less than 1 % a position",
                "within",
                Sample(attention.label, "slope"),
                value=0.0,
                margin=0.01,
            ),
            _more("the gradient of lstm falls less steeply than that of rnn", lstm, rnn, "slope"),
            _more("the gradient of gru falls less steeply than that of rnn", gru, rnn, "slope"),
        ),
        source="Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013",
    )


def _locality() -> Definition:
    rnn, lstm, gru, linear, attention = (
        Learner(m, d=16) for m in ("rnn", "lstm", "gru", "linear_recurrence", "causal_attention")
    )
    window = Learner("causal_windowed_attention", d=16, w=9)
    filters, deep = (Learner("causal_convolution", d=16, k=5, L=layers) for layers in (1, 4))
    uniform = 8 / 63
    local = tuple(
        _more(f"{x.model} is more local than attention", x, attention, "share")
        for x in (rnn, lstm, gru, linear)
    )
    whole = tuple(
        Test(
            f"all influence in {x.label} comes from within its reach",
            "within",
            Sample(x.label, "share"),
            value=1.0,
            margin=1e-9,
        )
        for x in (window, filters)
    )
    return Definition(
        name="locality",
        question="How much of the influence on an output comes from nearby, before any training?",
        task="",
        learners=(rnn, lstm, gru, linear, attention, window, filters, deep),
        along="n",
        sizes=(64,),
        fixed={"near": 8},
        measures=("gradient",),
        metric="share",
        seeds=SIGNAL_SEEDS,
        statistic="share of the distances 1 to 8 in the sum of the spectral norms of d output_n / "
        "d input_j over all distances from 1 on, as torch initialises its modules",
        tests=(
            *local,
            *whole,
            Test(
                "attention is as local as if all distances were alike (8/63), up to 0.05",
                "within",
                Sample(attention.label, "share"),
                value=uniform,
                margin=0.05,
            ),
            _more("rnn is more local than four layers of convolution", rnn, deep, "share"),
        ),
    )


def _position() -> Definition:
    bag, deep_bag = (Learner("attention", d=16, L=layers) for layers in (1, 2))
    coded = Learner("attention", d=16, L=1, positions=True)
    causal, deep = (Learner("causal_attention", d=16, L=layers) for layers in (1, 2))
    gru = Learner("gru", d=16)
    blind = (bag, deep_bag, causal)
    exact = tuple(
        Test(
            f"permuting the other inputs changes nothing in {x.label}",
            "below",
            Sample(x.label, "change"),
            value=1e-9,
        )
        for x in blind
    )
    chance = tuple(
        Test(
            f"{x.label} tells the order no better than by chance, up to 0.05",
            "within",
            Sample(x.label, "accuracy"),
            value=0.5,
            margin=0.05,
        )
        for x in blind
    )
    able = tuple(
        _more(f"{x.label} tells the order better than {deep_bag.label}", x, deep_bag, "accuracy")
        for x in (coded, deep, gru)
    )
    return Definition(
        name="position",
        question="Who can use the position of an input, with and without a code of positions?",
        task="order",
        learners=(*blind, coded, deep, gru),
        along="n",
        sizes=(12,),
        measures=("exchange", "training"),
        training=Training(steps=300),
        seeds=8,
        statistic="share of right answers to which of two marks comes first, said at the last "
        "position, on 1,024 fresh examples; and, before training, by how much the last output "
        "changes when all other inputs are permuted, over its norm",
        tests=(*exact, *chance, *able),
        source="Vaswani et al. 2017, Section 3.5; Haviv et al. 2022 (causal masks without a code)",
    )


def _copying() -> Definition:
    states = tuple(Learner("rnn", d=d, bits=1, positions=True) for d in (4, 8, 16))
    attention = Learner("causal_attention", d=16, L=2, bits=1, positions=True)
    sizes, v = (4, 8, 16), 2
    small, middle, large = states
    return Definition(
        name="copying",
        question="How long a string is copied through a state of so many bits?",
        task="copying",
        learners=(*states, attention),
        along="length",
        sizes=sizes,
        fixed={"v": v, "delay": 0},
        training=Training(steps=600, rate=0.01),
        statistic=f"share of rightly copied tokens, {ACCURACY}",
        predictions=tuple(
            predictions((*states, attention), {n: n for n in sizes}, {n: n for n in sizes}, v)
        ),
        predicted="the state of the model's graph, derived, in scalars of one bit each; Fano's "
        "inequality says how many tokens of a string can be right at most (below 1 where the "
        "string is longer than s / log2 v)",
        tests=(
            *(
                Test(
                    f"no seed of {x.label} copies more than its state can hold",
                    "no more than predicted",
                    Sample(x.label, "accuracy"),
                )
                for x in (*states, attention)
            ),
            *(
                Test(
                    f"{x.d} bits fail to copy {2 * x.d} tokens, as predicted (below 0.95)",
                    "below",
                    Sample(x.label, "accuracy", (2 * x.d,)),
                    value=0.95,
                )
                for x in (small, middle)
            ),
            *(
                Test(
                    f"{x.d} bits copy {x.d} tokens, the most that they may hold (above 0.9)",
                    "above",
                    Sample(x.label, "accuracy", (x.d,)),
                    value=0.9,
                )
                for x in states
            ),
            _more("4 bits copy 4 tokens better than 8", small, small, "accuracy", (4,), (8,)),
            _more("8 bits copy 8 tokens better than 16", middle, middle, "accuracy", (8,), (16,)),
            _more("8 bits copy 8 tokens better than 4 bits do", middle, small, "accuracy", (8,)),
            _more("16 bits copy 16 tokens better than 8 bits do", large, middle, "accuracy", (16,)),
            _more(
                "attention copies 16 tokens better than 16 bits do",
                attention,
                large,
                "accuracy",
                (16,),
            ),
        ),
        source="Jelassi et al. 2024, Repeat After Me: Transformers are Better than State Space "
        "Models at Copying, Section 2",
    )


def _copying_distance() -> Definition:
    rnn, lstm, gru = (Learner(m, d=16) for m in ("rnn", "lstm", "gru"))
    attention = Learner("causal_attention", d=16, L=2, positions=True)
    return Definition(
        name="copying-distance",
        question="How well are four tokens copied after a wait?",
        task="copying",
        learners=(rnn, lstm, gru, attention),
        along="delay",
        sizes=(0, 10, 30),
        fixed={"v": 2, "length": 4},
        training=Training(steps=400, rate=0.01),
        statistic=f"share of rightly copied tokens, {ACCURACY}",
        tests=(
            *(
                _more(
                    f"{x.model} copies better at once than after 30 positions",
                    x,
                    x,
                    "accuracy",
                    (0,),
                    (30,),
                )
                for x in (rnn, lstm, gru)
            ),
            *(
                _more(
                    f"after 30 positions attention copies better than {x.model}",
                    attention,
                    x,
                    "accuracy",
                    (30,),
                )
                for x in (rnn, lstm, gru)
            ),
        ),
        source="Hochreiter and Schmidhuber 1997; Arjovsky, Shah and Bengio 2016, Section 5.1",
    )


def _recall() -> Definition:
    states = tuple(Learner("linear_recurrence", d=d, bits=1) for d in (2, 8, 32))
    attention = Learner("causal_attention", d=16, bits=1)
    sizes, v = (2, 4, 8), 2
    small, middle, large = states
    return Definition(
        name="recall",
        question="How many pairs of a key and a value are recalled from a state of so many bits?",
        task="recall",
        learners=(*states, attention),
        along="pairs",
        sizes=sizes,
        fixed={"v": v, "fillers": 0},
        training=Training(steps=500, rate=0.01),
        statistic=f"share of rightly recalled values, {ACCURACY}",
        predictions=tuple(
            predictions((*states, attention), {n: n for n in sizes}, {n: n for n in sizes}, v)
        ),
        predicted="the state of the model's graph, derived, in scalars of one bit each; Fano's "
        "inequality says how many of the values can be right at most",
        tests=(
            *(
                Test(
                    f"no seed of {x.label} recalls more than its state can hold",
                    "no more than predicted",
                    Sample(x.label, "accuracy"),
                )
                for x in (*states, attention)
            ),
            _more("2 bits recall 2 values better than 8", small, small, "accuracy", (2,), (8,)),
            _more("8 bits recall 8 values better than 2 bits do", middle, small, "accuracy", (8,)),
            _more("32 bits recall 8 values better than 8 bits do", large, middle, "accuracy", (8,)),
            _more(
                "attention recalls 8 values better than 32 bits do",
                attention,
                large,
                "accuracy",
                (8,),
            ),
        ),
        source="Ba et al. 2016, Section 4.1; Arora et al. 2024 (Zoology); Jelassi et al. 2024",
    )


def _recall_distance() -> Definition:
    rnn, lstm, gru, linear, attention = learners = tuple(
        Learner(m, d=16) for m in ("rnn", "lstm", "gru", "linear_recurrence", "causal_attention")
    )
    return Definition(
        name="recall-distance",
        question="How well are two pairs recalled after a wait?",
        task="recall",
        learners=learners,
        along="fillers",
        sizes=(0, 10, 30),
        fixed={"v": 2, "pairs": 2},
        training=Training(steps=400, rate=0.01),
        statistic=f"share of rightly recalled values, {ACCURACY}",
        tests=(
            *(
                _more(
                    f"{x.model} recalls better at once than after 30 positions",
                    x,
                    x,
                    "accuracy",
                    (0,),
                    (30,),
                )
                for x in (rnn, lstm, gru, linear)
            ),
            *(
                _more(
                    f"after 30 positions attention recalls better than {x.model}",
                    attention,
                    x,
                    "accuracy",
                    (30,),
                )
                for x in (rnn, lstm, gru, linear)
            ),
        ),
        source="Ba et al. 2016, Section 4.1; Arora et al. 2024 (Zoology)",
    )


def _adding() -> Definition:
    rnn, lstm, gru, linear, attention = learners = tuple(
        Learner(m, d=32) for m in ("rnn", "lstm", "gru", "linear_recurrence", "causal_attention")
    )
    far = (80,)
    return Definition(
        name="adding",
        question="Who learns to add two numbers far apart, and after how many steps?",
        task="adding",
        learners=learners,
        along="lag",
        sizes=(20, 40, 80),
        metric="error",
        training=Training(steps=600, batch=32, rate=0.005, every=20, enough=0.01),
        statistic="mean square error on 1,024 fresh examples (1/6 for who always says the mean), "
        "and the steps until it was 0.01 on held-out ones, one number for each seed",
        tests=(
            *(
                _more(
                    f"over 80 positions {x.model} errs more than attention",
                    x,
                    attention,
                    "error",
                    far,
                )
                for x in (rnn, lstm, gru, linear)
            ),
            *(
                _more(
                    f"over 80 positions {x.model} takes more steps than attention",
                    x,
                    attention,
                    "steps",
                    far,
                )
                for x in (rnn, lstm, gru, linear)
            ),
            _more("rnn errs more over 80 positions than over 20", rnn, rnn, "error", far, (20,)),
            _more("over 80 positions rnn errs more than lstm", rnn, lstm, "error", far),
            _more("over 80 positions rnn errs more than gru", rnn, gru, "error", far),
        ),
        source="Hochreiter and Schmidhuber 1997, Section 5.4; Le, Jaitly and Hinton 2015, Section 4.1",
    )


def _data(name: str, where: str, distance: int, sizes: tuple[int, ...]) -> Definition:
    gru = Learner("gru", d=32)
    attention = Learner("causal_attention", d=32, L=2, positions=True)
    tests = [
        _more(
            f"with {n} samples {a.model} is right more often than {b.model}", a, b, "accuracy", (n,)
        )
        for n in sizes
        for a, b in ((gru, attention), (attention, gru))
    ]
    return Definition(
        name=name,
        question=f"Does recurrence help to learn {where} from few samples, and until how many?",
        task="parity",
        learners=(gru, attention),
        along="samples",
        sizes=sizes,
        fixed={"n": 16, "distance": distance},
        training=Training(steps=400, batch=32, rate=0.003),
        seeds=8,
        statistic=f"whether the last bit differs from the one {distance} before it: {ACCURACY}",
        tests=tuple(tests),
        source="Dehghani et al. 2019; Tran, Bisazza and Monz 2018 (recurrence as a bias)",
    )


NAMES: Mapping[str, Callable[[], Definition]] = {
    "gradient": _gradient,
    "position": _position,
    "locality": _locality,
    "copying": _copying,
    "copying-distance": _copying_distance,
    "recall": _recall,
    "recall-distance": _recall_distance,
    "adding": _adding,
    "data-local": functools.partial(
        _data, "data-local", "what is next to each other", 1, (8, 16, 32, 128)
    ),
    "data-distant": functools.partial(
        _data, "data-distant", "what is far apart", 15, (32, 128, 512, 2048)
    ),
}
"""What makes each experiment; predictions are derived when it is asked for."""
