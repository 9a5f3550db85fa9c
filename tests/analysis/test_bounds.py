"""Published lower bounds of traffic: found by structure, and below what real schedules move."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import pytest

from tests.adapters import symbolic
from workspan.analysis.storage.bounds import Attention, Product, bounds
from workspan.analysis.storage.traffic import traffic
from workspan.graphs.backward import training
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import dropout, einsum, gather, layer, linear, softmax
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly, size
from workspan.graphs.tracing import Array, trace

SETTING = Setting()


def tiled(m: int, n: int, k: int, memory: int) -> int:
    """Count the words of a product in tiles of the result that stay in fast memory.

    Column by column of the left matrix: a tile of a x b sums, a values of the column, and one of
    the row at a time are in fast memory.
    """
    side = max(math.isqrt(memory + 1) - 1, 1)
    assert side * side + side + 1 <= memory
    words = 0
    for i, j in itertools.product(range(0, m, side), range(0, n, side)):
        a, b = min(side, m - i), min(side, n - j)
        words += k * (a + b) + a * b
    return words


@pytest.mark.parametrize("shape", [(7, 5, 9), (64, 64, 64), (200, 30, 70), (512, 512, 512)])
@pytest.mark.parametrize("memory", [3, 8, 35, 120, 1000])
def test_a_tiled_product_moves_no_less_than_the_bound(
    shape: tuple[int, int, int], memory: int
) -> None:
    """Law: a schedule that plays the game moves at least 2 m n k / sqrt(M) - 2 M words."""
    bound = Product("product", size("m"), size("n"), size("k"), size("b"))
    m, n, k = shape
    least = bound.words(memory, m=m, n=n, k=k, b=1)
    assert tiled(m, n, k, memory) >= least
    assert bound.words(memory, m=m, n=n, k=k, b=5) == 5 * least


def test_the_constant_of_the_bound_is_attained() -> None:
    """Kwasniewski et al. 2019: the leading term is that of a schedule, so its constant is right."""
    bound = Product("product", size("n"), size("n"), size("n"), size("b"))
    memory = 960  # tiles of 30 x 30
    found = Fraction(tiled(3000, 3000, 3000, memory)) / bound.words(memory, n=3000, b=1)
    assert 1 <= found < 1.05


@pytest.mark.parametrize("memory", [2, 3, 5, 10, 1024, 10**6 + 1])
def test_bounds_are_never_rounded_up(memory: int) -> None:
    """Law: the square root is taken from above, so that what is printed is a bound."""
    bound = Product("product", size("n"), size("n"), size("n"), size("b"))
    n = 10**5
    least = bound.words(memory, n=n, b=1) + 2 * memory
    assert least**2 * memory <= Fraction(2 * n**3) ** 2
    assert float(least) == pytest.approx(2 * n**3 / math.sqrt(memory), rel=1e-7)


def flash(n: int, d: int, memory: int) -> int:
    """Count the words of FlashAttention's forward pass: Dao et al. 2022, algorithm 1."""
    columns = max(memory // (4 * d), 1)
    words = 0
    for j in range(0, n, columns):
        words += 2 * d * min(columns, n - j)  # keys and values
        words += n * (3 * d + 4)  # queries; results and two sums, read and written
    return words


@pytest.mark.parametrize("n", [256, 4096])
@pytest.mark.parametrize("d", [16, 64])
def test_flash_attention_is_within_a_constant_of_the_bound(n: int, d: int) -> None:
    """Law: for d^2 <= M <= n d the ratio of both neither grows nor vanishes (Saha and Ye 2024)."""
    bound = Attention("softmax", ("", ""), size("n"), size("d"), size("b"))
    memories = [d * d * 2**k for k in range(20) if d * d * 2**k <= n * d]
    ratios = [Fraction(flash(n, d, m)) / bound.order(m, n=n, d=d, b=1) for m in memories]
    assert all(1 < ratio < 32 for ratio in ratios)


def test_the_two_forms_of_the_bound_meet() -> None:
    """At M = d^2 both forms are n^2; below it, attention is as a matrix product."""
    bound = Attention("softmax", ("", ""), size("n"), size("d"), size("b"))
    assert bound.order(64**2, n=1024, d=64, b=1) == 1024**2
    below = bound.order(32**2, n=1024, d=64, b=1)
    assert float(below) == pytest.approx(1024**2 * 64 / 32, rel=1e-8)


# --- by structure ---------------------------------------------------------------------------------


def found(graph: Graph, setting: Setting = SETTING) -> dict[str, Product | Attention]:
    """Return bounds by the name of their equation."""
    return {bound.name: bound for bound in bounds(graph, setting)}


@pytest.mark.parametrize("name", ["attention", "bert", "encoder"])
@pytest.mark.parametrize("depth", [1, "L"])
def test_attention_is_found_by_its_structure(name: str, depth: Any) -> None:
    """Every head is a softmax between two products: n queries and keys of width d / h."""
    (own,) = (b for b in bounds(symbolic(name, L=depth), SETTING) if isinstance(b, Attention))
    n, d, h = (size(s) for s in "ndh")
    assert (own.n, own.d, own.times) == (n, d / h, h * (1 if depth == 1 else size("L")))


def test_attention_is_found_whoever_wrote_it() -> None:
    """Dropout between softmax and values, another order of axes and other names change nothing."""

    @layer
    def mixed(x: Array) -> Array:
        a, b, c = (linear(x, "e", name=name) for name in "abc")
        b, c = gather(b, Relation.all()), gather(c, Relation.all())
        similar = einsum("j z, z -> j", b, a)
        return einsum("j, j z -> z", dropout(softmax(similar, similar.axes[0])), c)

    (own,) = (b for b in bounds(trace(mixed), SETTING) if isinstance(b, Attention))
    assert (own.n, own.d, own.times) == (size("n"), size("e"), poly(1))


@pytest.mark.parametrize("name", ["causal_attention", "windowed_attention", "cross_attention"])
def test_what_the_theorem_does_not_speak_of_has_no_bound_of_attention(name: str) -> None:
    """The theorem is of n queries and n keys that all attend to each other."""
    assert not any(isinstance(b, Attention) for b in bounds(symbolic(name), SETTING))


def test_products_have_the_extents_of_their_matrices() -> None:
    """A projection is n x d by d x d; scores are n x d/h by d/h x n for each head."""
    n, d, h = (size(s) for s in "ndh")
    shapes = {
        (*sorted(map(str, (b.m, b.n, b.k))), str(b.times))
        for b in bounds(symbolic("attention", L=1), SETTING)
        if isinstance(b, Product)
    }
    projection = (*sorted(map(str, (n, d, d))), "1")
    assert shapes == {projection, (*sorted(map(str, (n, n, d / h))), str(h))}


def test_every_product_of_training_is_found() -> None:
    """Law: the backward pass has two products for each of the forward pass, less the first inputs'.

    A product's gradients are products of the same extents.
    """
    graph = symbolic("attention", L=1)
    forward = [b for b in bounds(graph, SETTING) if isinstance(b, Product)]
    both = [b for b in bounds(training(graph), SETTING) if isinstance(b, Product)]
    assert len(forward) == 6
    assert len(both) == 3 * len(forward) - 3  # no gradient of the data is needed


def test_steps_of_a_loop_are_no_matrix_product() -> None:
    """In a loop a weight meets one position at a time: a vector, which the theorem is not of."""
    graph = symbolic("rnn", L=1)
    assert [b.name for b in bounds(graph, SETTING)] == ["layers.0.einsum"]


def test_masked_pairs_are_no_matrix_product() -> None:
    """A causal product is one if masked pairs are computed and thrown away, else it is none."""
    graph = symbolic("causal_attention", L=1)
    dense, masked = (set(found(graph, Setting(pairs=p))) for p in ("dense", "masked"))
    assert dense - masked == {"layers.0.einsum_4", "layers.0.einsum_5"}


@pytest.mark.parametrize("name", ["attention", "encoder", "lstm"])
def test_bounds_are_printed_with_their_game_and_source(name: str) -> None:
    """Nothing is printed without the game it is of and the paper it is from."""
    details = traffic(trace(CATALOGUE[name]), SETTING).details["lower_bounds"]
    assert details
    for text in details:
        assert "red-blue pebble game, Hong and Kung 1981" in text
        assert "Smith, Lowery" in text or "Saha and Ye 2024" in text
