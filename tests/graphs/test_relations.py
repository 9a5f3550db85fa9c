"""Laws of relations: what they read, how they compose, what they say of themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.graphs.relations import Relation

LENGTHS = st.integers(1, 12)
SMALL = st.integers(1, 4)


def relations() -> st.SearchStrategy[Relation]:
    """Draw a relation of any kind on one axis."""
    bounds = st.integers(-2, 4) | st.none()
    return st.one_of(
        st.sampled_from([Relation.same(), Relation.all(), Relation.prefix(), Relation.suffix()]),
        st.sampled_from([Relation.last(), Relation.head()]),
        st.builds(Relation.shift, st.integers(-3, 3)),
        st.builds(lambda s, d: Relation.window(s, dilation=d), SMALL, SMALL),
        st.builds(lambda s, d: Relation.window(2 * s + 1, centred=True, dilation=d), SMALL, SMALL),
        st.builds(Relation.first, SMALL),
        st.builds(Relation.block, SMALL),
        st.builds(lambda s, b, a: Relation.blocks(s, back=b, ahead=a), SMALL, SMALL, SMALL),
        st.builds(lambda s, b: Relation.blocks(s, back=b, ahead=-1), SMALL, SMALL),
        st.builds(lambda s, d: Relation.blocks(s * d, dilation=d), SMALL, SMALL),
        st.builds(Relation.sinks, SMALL, SMALL),
        st.builds(lambda s, more: Relation.marks(s + more, s), SMALL, SMALL),
        st.builds(lambda s, w: Relation.scattered(s, around=2 * w - 1), SMALL, SMALL),
        st.tuples(bounds, bounds, SMALL).filter(lambda b: _some(*b[:2])).map(lambda b: offsets(*b)),
    )


def _some(back: int | None, ahead: int | None) -> bool:
    """Whether there is an offset between the bounds."""
    return back is None or ahead is None or back + ahead >= 0


def offsets(back: int | None, ahead: int | None, step: int) -> Relation:
    """Return the relation of the positions i + step*m for -back <= m <= ahead."""
    from workspan.graphs.sizes import poly

    low, high = (None if b is None else poly(b) for b in (back, ahead))
    return Relation(back=low, ahead=high, step=poly(step))


def image(relation: Relation, positions: set[int], n: int) -> set[int]:
    """Return all that a set of positions reads."""
    return {q for p in positions for q in relation.sources(p, n)}


@given(relations(), relations(), relations(), LENGTHS)
def test_composition_is_associative(a: Relation, b: Relation, c: Relation, n: int) -> None:
    """Law: (a b) c and a (b c) read the same positions."""
    left, right = a.compose(b).compose(c), a.compose(b.compose(c))
    assert [left.sources(i, n) for i in range(n)] == [right.sources(i, n) for i in range(n)]


@given(relations(), relations(), LENGTHS)
def test_composition_reads_through(a: Relation, b: Relation, n: int) -> None:
    """Law: a b reads what is read through b by the positions that are read through a."""
    for i in range(n):
        assert set(a.compose(b).sources(i, n)) == image(b, set(a.sources(i, n)), n)


@given(relations(), LENGTHS)
def test_same_is_neutral(a: Relation, n: int) -> None:
    """Law: composition with the relation of a position with itself changes nothing."""
    for composed in (a.compose(Relation.same()), Relation.same().compose(a)):
        assert [composed.sources(i, n) for i in range(n)] == [a.sources(i, n) for i in range(n)]


@given(relations(), LENGTHS)
def test_sources_lie_inside_and_in_order(a: Relation, n: int) -> None:
    """Law: sources are positions of the sequence, each once, in order, and no more than slots."""
    for i in range(n):
        found = a.sources(i, n)
        assert list(found) == sorted(set(found))
        assert all(0 <= j < n for j in found)
        assert len(found) <= a.slots(n).evaluate()


@given(st.integers(-2, 4) | st.none(), st.integers(-2, 4) | st.none(), SMALL, LENGTHS)
def test_offsets_are_what_they_say(back: int | None, ahead: int | None, step: int, n: int) -> None:
    """Law: offsets read the j of the sequence with j = i + step*m and -back <= m <= ahead."""
    relation = offsets(back, ahead, step)
    for i in range(n):
        multiples = [m for m in range(-n, n + 1) if 0 <= i + step * m < n]
        allowed = [
            m for m in multiples if (back is None or m >= -back) and (ahead is None or m <= ahead)
        ]
        assert relation.sources(i, n) == tuple(i + step * m for m in allowed)


@given(relations(), LENGTHS)
def test_what_a_relation_says_of_itself(a: Relation, n: int) -> None:
    """Law: causal reads nothing later, anticausal nothing earlier, and not itself if it says so."""
    for i in range(n):
        found = a.sources(i, n)
        assert not a.causal or all(j <= i for j in found)
        assert not a.anticausal or all(j >= i for j in found)
        assert a.reads_itself or i not in found
        assert not a.is_same or found == (i,)
        if a.distance is not None:
            assert all(i - j == a.distance for j in found)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(4, 12))
def test_a_stride_reads_windows_that_fit(step: int, size: int, n: int) -> None:
    """Law: position i of the coarser axis reads size positions from step*i, all of them inside."""
    relation = Relation.stride(step, size)
    for i in range(int(relation.target_extent(n).evaluate())):
        assert relation.sources(i, n) == tuple(j for j in range(step * i, step * i + size) if j < n)


@given(relations(), LENGTHS)
def test_a_transpose_reads_the_readers(a: Relation, n: int) -> None:
    """Law: a position reads its readers through the transpose, in a relation that has one."""
    try:
        back = a.transpose()
    except ValueError:
        assert a.kind in {"first", "last", "head", "chain"}
        return
    for j in range(n):
        assert set(back.sources(j, n)) == {i for i in range(n) if j in a.sources(i, n)}
        assert len(back.sources(j, n)) <= back.slots(n).evaluate()


@given(st.integers(1, 4), st.integers(1, 6), st.integers(6, 12))
def test_a_transposed_stride_reads_the_windows_of_a_position(step: int, size: int, n: int) -> None:
    """Law: a position reads the windows that it is in, of which there are no more than slots."""
    relation = Relation.stride(step, size)
    windows = int(relation.target_extent(n).evaluate())
    back = relation.transpose()
    for j in range(n):
        found = back.sources(j, windows)
        assert set(found) == {i for i in range(windows) if j in relation.sources(i, n)}
        assert len(found) <= back.slots(windows).evaluate()


@given(SMALL, SMALL, SMALL, LENGTHS)
def test_sparse_relations_read_what_they_say(size: int, a: int, b: int, n: int) -> None:
    """Law: blocks, sinks and marks are the sets that papers write; drawn positions lie apart."""
    blocks, sinks = Relation.blocks(size, back=a, ahead=b), Relation.sinks(a, b)
    marks, drawn = Relation.marks(size + a, size), Relation.scattered(a, around=2 * b - 1)
    for i in range(n):
        near = {j for j in range(n) if -a <= j // size - i // size <= b}
        assert set(blocks.sources(i, n)) == near
        assert set(sinks.sources(i, n)) == {j for j in range(n) if j < a and i - j >= b}
        step = size + a
        past = {j for j in range(n) if j // step < i // step and j % step >= step - size}
        assert set(marks.sources(i, n)) == past
        far = {j for j in range(n) if abs(i - j) >= b}
        found = drawn.sources(i, n)
        assert set(found) <= far
        assert len(found) == min(a, len(far))


def test_window_with_symbols() -> None:
    """Law: a relation in symbols becomes concrete where sizes are given."""
    window = Relation.window("w", dilation="k").at(w=3, k=2)
    assert window == Relation.window(3, dilation=2)
    assert window.sources(5, 8) == (1, 3, 5)


def test_what_lies_beyond_every_sequence_is_not_read() -> None:
    """Law: a step or a shift of any length past the sequence reads nothing, however long."""
    assert Relation.window(3, centred=True, dilation=2**80).sources(2, 8) == (2,)
    for distance in (2**80, -(2**80)):
        assert Relation.shift(distance).sources(2, 8) == ()


def test_a_centred_window_is_odd() -> None:
    """Law: an even window has no centre, which is an error at once or when the size is known."""
    with pytest.raises(ValueError, match="odd size"):
        Relation.window(4, centred=True)
    with pytest.raises(ValueError, match="odd size"):
        Relation.window("w", centred=True).at(w=4).sources(2, 8)
