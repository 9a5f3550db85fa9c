"""Experiments on memory: copying and recall, through a state of so many bits and after a wait."""

from __future__ import annotations

from collections.abc import Sequence

from .ceilings import predictions
from .comparing import FRESH, greater
from .definition import Definition, Learner, Prediction, Sample, Test, Training

LIMIT = (
    "the state of the model's graph, derived, in scalars of one bit each; Fano's inequality says "
    "how many"
)


def _limits(learners: Sequence[Learner], sizes: Sequence[int], v: int) -> tuple[Prediction, ...]:
    """Return what a state can hold of as many tokens of a vocabulary as there are positions."""
    same = {n: n for n in sizes}
    return tuple(predictions(learners, same, same, v))


def _within_limits(verb: str, learners: Sequence[Learner]) -> tuple[Test, ...]:
    """Return the tests that no learner does more than its state allows."""
    return tuple(
        Test(
            f"no seed of {x.label} {verb} more than its state can hold",
            "no more than predicted",
            Sample(x.label, "accuracy"),
        )
        for x in learners
    )


def copying() -> Definition:
    """Define copying through a state of so many bits, with the limit derived."""
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
        statistic=f"share of rightly copied tokens {FRESH}",
        predictions=_limits((*states, attention), sizes, v),
        predicted=f"{LIMIT} tokens of a string can be right at most (below 1 where the string is "
        "longer than s / log2 v)",
        tests=(
            *_within_limits("copies", (small, middle)),
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
            greater("4 bits copy 4 tokens better than 8", small, small, "accuracy", (4,), (8,)),
            greater("8 bits copy 8 tokens better than 16", middle, middle, "accuracy", (8,), (16,)),
            greater("8 bits copy 8 tokens better than 4 bits do", middle, small, "accuracy", (8,)),
            greater(
                "16 bits copy 16 tokens better than 8 bits do", large, middle, "accuracy", (16,)
            ),
            greater(
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


def copying_distance() -> Definition:
    """Define copying after a wait."""
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
        statistic=f"share of rightly copied tokens {FRESH}",
        tests=(
            *(
                greater(
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
                greater(
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


def recall() -> Definition:
    """Define recall from a state of so many bits, with the limit derived."""
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
        statistic=f"share of rightly recalled values {FRESH}",
        predictions=_limits((*states, attention), sizes, v),
        predicted=f"{LIMIT} of the values can be right at most",
        tests=(
            *_within_limits("recalls", (small,)),
            greater("2 bits recall 2 values better than 8", small, small, "accuracy", (2,), (8,)),
            greater(
                "8 bits recall 8 values better than 2 bits do", middle, small, "accuracy", (8,)
            ),
            greater(
                "32 bits recall 8 values better than 8 bits do", large, middle, "accuracy", (8,)
            ),
            greater(
                "attention recalls 8 values better than 32 bits do",
                attention,
                large,
                "accuracy",
                (8,),
            ),
        ),
        source="Ba et al. 2016, Section 4.1; Arora et al. 2024 (Zoology); Jelassi et al. 2024",
    )


def recall_distance() -> Definition:
    """Define recall after a wait."""
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
        statistic=f"share of rightly recalled values {FRESH}",
        tests=(
            *(
                greater(
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
                greater(
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
