"""Running experiments: deterministic, resumable after a kill, kept under the digest of all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("torch")

from workspan.analysis.confirming.store import Store
from workspan.analysis.experiments import running
from workspan.analysis.experiments.cells import Result, wanted
from workspan.analysis.experiments.definition import Definition, quick
from workspan.analysis.experiments.definitions import NAMES, define
from workspan.analysis.experiments.judging import Outcome

from .samples import tiny


def numbers(result: Result) -> Result:
    """Return a result without the time that it took."""
    return msgspec.structs.replace(result, seconds=0.0)


def test_a_run_is_decided_by_its_seeds(tmp_path: Path) -> None:
    """Two runs without a common store give the same numbers, and other seeds give others."""
    first, second = (running.run(tiny(), None) for _ in range(2))
    assert numbers(first) == numbers(second)
    assert running.run(tiny(first=50), None).cells != first.cells


def test_what_is_kept_is_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an interrupt only what is missing is measured, and the result is the same."""
    definition = tiny()
    measured: list[object] = []
    measure = running._measure

    def counted(of: Definition, *key: object) -> running.Numbers:
        if len(measured) == 3:
            raise KeyboardInterrupt
        measured.append(key)
        return measure(of, *key)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "_measure", counted)
    with Store(tmp_path) as store, pytest.raises(KeyboardInterrupt):
        running.run(definition, store)
    monkeypatch.setattr(running, "_measure", measure)
    told: list[str] = []
    with Store(tmp_path) as store:
        result = running.run(definition, store, tell=told.append)
        again = running.run(definition, store, tell=told.append)
    assert len(told) == len(list(wanted(definition))) - 3
    assert numbers(result) == numbers(running.run(definition, None))
    assert again == result


SCRIPT = """
import sys
from pathlib import Path
from workspan.analysis.confirming.store import Store
from workspan.analysis.experiments.running import run
from tests.analysis.experiments.samples import tiny
if __name__ == "__main__":
    with Store(Path(sys.argv[1])) as store:
        run(tiny(seeds=4), store, processes=2, tell=lambda line: print(line, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_kill_loses_at_most_what_was_under_way(tmp_path: Path) -> None:
    """Killed after some measurements, a run goes on with all of them, and its workers are gone."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    root = str(Path(__file__).parents[3])
    command = [sys.executable, str(script), str(tmp_path / "store")]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": root},
        text=True,
    ) as process:
        assert process.stdout is not None
        for _ in range(2):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        # The pipe ends when nobody writes to it any more: neither the run nor its workers.
        heard = process.stdout.read()
    definition = tiny(seeds=4)
    told: list[str] = []
    with Store(tmp_path / "store") as store:
        kept = len(store)
        result = running.run(definition, store, tell=told.append)
    assert kept >= 2
    assert kept - 2 - heard.count("\n") in {0, 1}
    assert len(told) == len(list(wanted(definition))) - kept
    assert numbers(result) == numbers(running.run(definition, None))


def test_a_changed_definition_is_asked_anew(tmp_path: Path) -> None:
    """Any change gives another digest, and nothing that was kept answers for it."""
    definition = tiny()
    changes = ({"alpha": 0.01}, {"seeds": 3}, {"sizes": (4, 6, 8)}, {"statistic": "another"})
    others = [tiny(**change) for change in changes]
    assert len({d.digest for d in (definition, *others)}) == 5
    with Store(tmp_path) as store:
        running.run(definition, store)
        for other in others[:1]:
            told: list[str] = []
            running.run(other, store, tell=told.append)
            assert len(told) == len(list(wanted(other)))
    with pytest.raises(AttributeError):
        definition.seeds = 9  # type: ignore[misc]


@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_runs_and_is_judged(name: str) -> None:
    """The quick form of each experiment measures all that its tests speak of."""
    small = quick(define(name))
    few = msgspec.structs.replace(small, sizes=small.sizes[:1], tests=(), predictions=())
    outcome = Outcome.of(few, running.run(few, None))
    metrics = set.intersection(*(set(c.values) for c in outcome.result.cells))
    wanted_metrics = {t.left.metric for t in small.tests}
    assert wanted_metrics <= set.union(*(set(c.values) for c in outcome.result.cells))
    assert small.metric in metrics or small.metric == "slope"
