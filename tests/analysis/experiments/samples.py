"""Small experiments for tests."""

from __future__ import annotations

from workspan.analysis.experiments.definition import (
    Definition,
    Learner,
    Prediction,
    Sample,
    Test,
    Training,
)

SHORT = Training(steps=4, batch=4, every=2, examined=64)


def tiny(**changes: object) -> Definition:
    """Return an experiment that takes a second."""
    gru, attention = Learner("gru", d=4), Learner("attention", d=4)
    whole: dict[str, object] = {
        "name": "tiny",
        "question": "Does it run?",
        "task": "order",
        "learners": (gru, attention),
        "along": "n",
        "sizes": (4, 6),
        "tests": (
            Test(
                "one is better",
                "greater",
                Sample(gru.label, "accuracy"),
                Sample(attention.label, "accuracy"),
            ),
            Test("it is chance", "within", Sample(gru.label, "accuracy"), value=0.5, margin=0.05),
            Test("no more", "no more than predicted", Sample(gru.label, "accuracy")),
        ),
        "training": SHORT,
        "seeds": 2,
        "predictions": (Prediction(gru.label, 4, 0.8),),
    }
    return Definition(**{**whole, **changes})  # type: ignore[arg-type]
