"""Experiments on learning: the adding problem, and small data against large."""

from __future__ import annotations

from .comparing import ACCURACY, greater
from .definition import Definition, Learner, Training


def adding() -> Definition:
    """Define the adding problem at several lags."""
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
                greater(
                    f"over 80 positions {x.model} errs more than attention",
                    x,
                    attention,
                    "error",
                    far,
                )
                for x in (rnn, lstm, gru, linear)
            ),
            *(
                greater(
                    f"over 80 positions {x.model} takes more steps than attention",
                    x,
                    attention,
                    "steps",
                    far,
                )
                for x in (rnn, lstm, gru, linear)
            ),
            greater("rnn errs more over 80 positions than over 20", rnn, rnn, "error", far, (20,)),
            greater("over 80 positions rnn errs more than lstm", rnn, lstm, "error", far),
            greater("over 80 positions rnn errs more than gru", rnn, gru, "error", far),
        ),
        source="Hochreiter and Schmidhuber 1997, Section 5.4; Le, Jaitly and Hinton 2015, Section 4.1",
    )


def data(name: str, where: str, distance: int, sizes: tuple[int, ...]) -> Definition:
    """Define a task with few and many samples, near or far."""
    gru = Learner("gru", d=32)
    attention = Learner("causal_attention", d=32, L=2, positions=True)
    tests = [
        greater(
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
