"""Experiments on signal: gradients, locality and position."""

from __future__ import annotations

from .comparing import greater
from .definition import Definition, Learner, Sample, Test, Training

SIGNAL_SEEDS = 16


def gradient() -> Definition:
    """Define how the gradient changes with distance."""
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
            greater("the gradient of lstm falls less steeply than that of rnn", lstm, rnn, "slope"),
            greater("the gradient of gru falls less steeply than that of rnn", gru, rnn, "slope"),
        ),
        source="Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013",
    )


def locality() -> Definition:
    """Define how much of the influence on an output comes from nearby."""
    rnn, lstm, gru, linear, attention = (
        Learner(m, d=16) for m in ("rnn", "lstm", "gru", "linear_recurrence", "causal_attention")
    )
    window = Learner("causal_windowed_attention", d=16, w=9)
    filters, deep = (Learner("causal_convolution", d=16, k=5, L=layers) for layers in (1, 4))
    uniform = 8 / 63
    local = tuple(
        greater(f"{x.model} is more local than attention", x, attention, "share")
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
            greater("rnn is more local than four layers of convolution", rnn, deep, "share"),
        ),
    )


def position() -> Definition:
    """Define who can use the position of an input."""
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
        greater(f"{x.label} tells the order better than {deep_bag.label}", x, deep_bag, "accuracy")
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
