"""Laws of what is kept: whatever was interrupted and lost, the table is the same in the end."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspan.analysis.sweeping import performing
from workspan.analysis.sweeping.cells import Chunk
from workspan.analysis.sweeping.keeping import Kept
from workspan.analysis.sweeping.performing import Work
from workspan.analysis.sweeping.writing import csv_texts

from .specs import plan_of

PLAN = plan_of()


@pytest.fixture(scope="module")
def undisturbed() -> str:
    """Return the table of a sweep that nobody disturbs."""
    return text_of(Work(PLAN, [(0, PLAN.total)], "serial"))


def text_of(chunks: Any) -> str:
    """Return the rows of chunks as CSV."""
    return "".join(text for chunk in chunks for text in csv_texts(PLAN, chunk))


@given(st.lists(st.tuples(st.integers(5, 40), st.integers(1, 9)), max_size=3), st.data())
@settings(max_examples=5)
def test_interrupts_and_losses_do_not_change_the_table(
    undisturbed: str, attempts: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Law: after attempts that end after any number of chunks of any size, and the loss of any
    chunks, what is left to do is exactly what is missing, and the table comes out the same.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        for size, chunks in [*attempts, (50, 10**6)]:
            patch.setattr(performing, "FIRST_FORMULA", size)
            patch.setattr(performing, "MOST_FORMULA", size)
            with Kept(Path(folder), "a sweep", PLAN.total) as kept:
                missing = list(kept.gaps())
                assert kept.done + sum(b - a for a, b in missing) == PLAN.total
                for chunk in itertools.islice(Work(PLAN, missing, "serial"), chunks):
                    assert any(a <= chunk.start < chunk.stop <= b for a, b in missing)
                    kept.keep(chunk)
            if chunks < 10**6:
                for path in sorted(Path(folder).glob("*.chunk")):
                    if data.draw(st.integers(0, 4)) == 0:
                        path.unlink()
        with Kept(Path(folder), "a sweep", PLAN.total) as kept:
            assert kept.done == PLAN.total
            assert text_of(kept.chunks()) == undisturbed


@given(st.binary(max_size=60), st.integers(0, 30))
@settings(max_examples=40)
def test_no_content_of_a_chunk_is_taken_for_another(noise: bytes, at: int) -> None:
    """Law: a chunk of which any bytes were changed is told, and its points are missing."""
    whole = Chunk(0, 3, "flop", "proved", reasons=("a",), codes=b"\0\0\1\0\0\0")
    told: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        with Kept(Path(folder), "a sweep", 3) as kept:
            kept.keep(whole)
        (path,) = Path(folder).glob("*.chunk")
        data = path.read_bytes()
        changed = data[:at] + noise + data[at + len(noise) :]
        path.write_bytes(changed)
        with Kept(Path(folder), "a sweep", 3, tell=told.append) as kept:
            assert list(kept.chunks()) == ([whole] if changed == data else [])
            assert list(kept.gaps()) == ([] if changed == data else [(0, 3)])
            assert len(told) == (changed != data)
