"""Algorithms that compute what others compute in another way, or of which papers only speak.

Each returns what was counted, and how far its result is from one that was computed plainly.

References: Blelloch 1990, *Prefix sums and their applications*; Williams and Zipser 1995,
*Gradient-based learning algorithms for recurrent networks*; Kaiser and Sutskever 2015, *Neural GPUs
learn algorithms*; Ho et al. 2019, *Axial attention*; Dao and Gu 2024, *Transformers are SSMs*,
Theorem 3.7; Dai et al. 2019, *Transformer-XL*, Appendix B; Gomez et al. 2017, *The reversible residual
network*; Merrill et al. 2024, *The illusion of state*.
"""

from __future__ import annotations

import itertools
from typing import Any, TypeAlias

import numpy as np

from .counting import counting
from .errors import ArgumentError
from .memory_bound import Floats, plain_attention
from .operations import contract, lift, sigmoid, softmax, tanh

Counts: TypeAlias = dict[str, int]
Random: TypeAlias = np.random.Generator


def swept(random: Random, n: int) -> tuple[Counts, float]:
    """Take all prefixes of matrix products in two sweeps of a balanced tree, n a power of two."""
    if n & (n - 1):
        raise ArgumentError(f"expected n to be a power of two, got {n}")
    given = random.normal(size=(n, 2, 2)) / np.sqrt(2)
    x, combinations, levels, step = given.copy(), 0, 0, 1
    while step < n:
        for k in range(2 * step - 1, n, 2 * step):
            x[k] = x[k] @ x[k - step]
            combinations += 1
        step, levels = 2 * step, levels + 1
    x[n - 1] = np.eye(2)
    while step > 1:
        step //= 2
        for k in range(2 * step - 1, n, 2 * step):
            x[k], x[k - step] = x[k - step] @ x[k], x[k].copy()
            combinations += 1
        levels += 1
    apart = max(
        float(np.abs(x[k] - before).max())
        for k, before in enumerate(
            itertools.accumulate(given[:-1], lambda a, b: b @ a, initial=np.eye(2))
        )
    )
    return {"combinations": combinations, "levels": levels}, apart


def forward_derivatives(random: Random, m: int) -> tuple[Counts, float]:
    """Carry d h_i / d W_jk of h' = tanh(W h + x) forward; counted is one step of it."""
    w, xs = random.normal(size=(m, m)) / np.sqrt(m), random.normal(size=(4, m))
    h, carried = np.zeros(m), np.zeros((m, m, m))
    operations = 0
    states = [h]
    for x in xs:
        with counting() as tally:
            lifted = contract("il,ljk->ijk", lift(w), lift(carried))
            for i in range(m):  # d (W h)_i / d W_ik is h_k besides
                lifted[i, i] = lifted[i, i] + lift(h)
            h = np.tanh(w @ h + x)
            lifted = lifted * lift(1 - h * h)[:, None, None]
        carried = np.vectorize(lambda c: c.value)(lifted).astype(float)
        operations = tally.work()
        states.append(h)
    given, backward = np.zeros((m, m)), np.ones(m)
    for before, after in zip(states[-2::-1], states[:0:-1], strict=True):
        inner = backward * (1 - after * after)
        given, backward = given + np.outer(inner, before), w.T @ inner
    apart = float(np.abs(carried.sum(axis=0) - given).max())
    return {"operations": operations, "numbers": carried.size}, apart


def gated_convolutions(random: Random, n: int) -> tuple[Counts, float]:
    """Take n steps u s + (1 - u) tanh(U * (r s)) on n positions with 2 channels, windows of 3."""
    weights = random.normal(size=(3, 3, 2, 2)) / 3
    start = random.normal(size=(n, 2))
    with counting() as tally:
        s = lift(start)
        for _ in range(n):
            u, r = (sigmoid(_convolved(s, w)) for w in weights[:2])
            s = u * s + (1 - u) * tanh(_convolved(r * s, weights[2]))
    plain = start
    for _ in range(n):
        u, r = (1 / (1 + np.exp(-_shifted(plain, w))) for w in weights[:2])
        plain = u * plain + (1 - u) * np.tanh(_shifted(r * plain, weights[2]))
    values = np.vectorize(lambda c: c.value)(s).astype(float)
    depth = max(c.tensor for c in s.flat)
    return {"operations": tally.work(), "depth": depth}, float(np.abs(values - plain).max())


def _convolved(s: Any, w: Floats) -> Any:
    outside = lift(np.zeros((1, 2)))
    padded = np.concatenate([outside, s, outside])
    windows = np.stack([padded[k : k + len(s)] for k in range(3)])
    return contract("kti,kio->to", windows, lift(w))


def _shifted(s: Floats, w: Floats) -> Floats:
    total = s @ w[1]
    total[1:] += s[:-1] @ w[0]
    total[:-1] += s[1:] @ w[2]
    return total


def fully_connected(random: Random, n: int, d: int) -> tuple[Counts, float]:
    """Let each of n d components read all of them."""
    w, x = random.normal(size=(n, d, n, d)), random.normal(size=(n, d))
    with counting() as tally:
        y = contract("iajb,jb->ia", lift(w), lift(x))
    values = np.vectorize(lambda c: c.value)(y).astype(float)
    plain = w.reshape(n * d, n * d) @ x.reshape(-1)
    return {"operations": tally.work()}, float(np.abs(values.reshape(-1) - plain).max())


def axial_attention(random: Random, s: int, d: int) -> tuple[Counts, float]:
    """Attend along the rows of a grid of s x s positions, then along its columns."""
    q, k, v = random.normal(size=(3, s, s, d))
    with counting() as tally:
        mixed = lift(v)
        for scores, mixing in (("rid,rjd->rij", "rij,rjd->rid"), ("rcd,scd->rcs", "rcs,scd->rcd")):
            weights = softmax(contract(scores, lift(q), lift(k)) / np.sqrt(d), axis=-1)
            mixed = contract(mixing, weights, mixed)
    plain, places = v.reshape(-1, d), np.arange(s * s)
    for part in (places // s, places % s):
        same = part[:, None] == part[None, :]
        plain = plain_attention(q.reshape(-1, d), k.reshape(-1, d), plain, same)
    values = np.vectorize(lambda c: c.value)(mixed).astype(float)
    return {"operations": tally.work()}, float(np.abs(values.reshape(-1, d) - plain).max())


def realised(random: Random, n: int, s: int) -> tuple[Counts, float]:
    """Run h' = A h + B x, y = C h with a full matrix A, plainly and by its transfer function.

    By Cayley and Hamilton y_t = sum_k b_k x_(t-k) - sum_k a_k y_(t-k), where a are the coefficients
    of the characteristic polynomial of A and b_k = sum_(j<=k) a_j C A^(k-j) B; these are
    preprocessing and are not counted.
    """
    a = random.normal(size=(s, s))
    a *= 0.7 / np.abs(np.linalg.eigvals(a)).max()
    b, c, x = random.normal(size=s), random.normal(size=s), random.normal(size=n)
    with counting() as plain:
        h, expected = lift(np.zeros(s)), []
        for value in x:
            h = contract("ij,j->i", lift(a), h) + lift(b) * value
            expected.append(contract("i,i->", lift(c), h))
    monic = np.poly(a)
    impulse = [c @ np.linalg.matrix_power(a, k) @ b for k in range(s)]
    into = [sum(monic[j] * impulse[k - j] for j in range(k + 1)) for k in range(s)]
    with counting() as tally:
        found: list[Any] = []
        for t in range(n):
            reads = [(into[k], x[t - k]) for k in range(min(s, t + 1))]
            backs = [(-monic[k], found[t - k]) for k in range(1, min(s, t) + 1)]
            factors, values = zip(*reads, *backs, strict=True)
            found.append(contract("k,k->", lift(np.array(factors)), _joined(values)))
    apart = max(abs(_value(one) - _value(two)) for one, two in zip(found, expected, strict=True))
    return {"operations": tally.work(), "plain": plain.work()}, float(apart)


def _joined(values: Any) -> Any:
    return np.concatenate([np.atleast_1d(np.asarray(lift(v), dtype=object)) for v in values])


def _value(x: Any) -> float:
    return float(np.asarray(x, dtype=object).item().value)


def relative_positions(random: Random, n: int, d: int) -> tuple[Counts, float]:
    """Score q_i W r_(i-j) for all i and j: with W r computed for each pair, or once for a distance."""
    q, w, r = random.normal(size=(n, d)), random.normal(size=(d, d)), random.normal(size=(n, d))
    distance = np.maximum(np.arange(n)[:, None] - np.arange(n)[None, :], 0)
    with counting() as each:
        pairs = contract("de,ije->ijd", lift(w), lift(r[distance]))
    with counting() as once:
        ways = contract("de,ne->nd", lift(w), lift(r))
    one, two = (np.vectorize(lambda c: c.value)(y).astype(float) for y in (pairs, ways))
    shifted = (q @ two.T)[np.arange(n)[:, None], distance]
    apart = float(np.abs(np.einsum("id,ijd->ij", q, one) - shifted).max())
    return {"each": each.work(), "shifted": once.work()}, apart


def reversible(random: Random, n: int, d: int, L: int) -> tuple[Counts, float]:
    """Run L pairs y = x + F(z), z' = z + G(y) with attention F, and find the inputs from the outputs.

    Counted is what is kept from the forward to the backward pass.
    """
    x, z = random.normal(size=(2, n, d))
    weights = random.normal(size=(L, d, d)) / np.sqrt(d)
    kept = (x, z)
    for w in weights:
        y = kept[0] + plain_attention(kept[1], kept[1], kept[1])
        kept = (y, kept[1] + np.tanh(y @ w))
    size = sum(part.size for part in kept)
    y, back = kept
    for w in weights[::-1]:
        back = back - np.tanh(y @ w)
        y = y - plain_attention(back, back, back)
    return {"kept": size}, float(max(np.abs(y - x).max(), np.abs(back - z).max()))


def word_problem(random: Random, n: int) -> tuple[Counts, float]:
    """Multiply n permutations of five things by h' = relu(U h + W x + b) with weights that are given.

    The units are pairs of a product so far and the permutation that came last: the unit (p, g) is on
    if g came and some (p', g') with g p' = p was on, which is relu(1 + 1 - 1). Two permutations
    generate all 120.
    """
    generators = ((1, 0, 2, 3, 4), (1, 2, 3, 4, 0))
    group = list(itertools.permutations(range(5)))
    number = {p: k for k, p in enumerate(group)}
    units = [(p, g) for p in group for g in range(len(generators))]
    place = {unit: k for k, unit in enumerate(units)}
    recurrent = np.zeros((len(units), len(units)))
    inputs = np.zeros((len(units), len(generators)))
    for p, last in units:
        for g, moved in enumerate(generators):
            after = tuple(moved[p[i]] for i in range(5))
            recurrent[place[after, g], place[p, last]] = 1
        inputs[place[p, last], last] = 1
    h, product = np.zeros(len(units)), tuple(range(5))
    h[place[product, 0]] = 1
    wrong = 0
    for g in random.integers(len(generators), size=n):
        h = np.maximum(recurrent @ h + inputs[:, g] - 1, 0)
        product = tuple(generators[g][product[i]] for i in range(5))
        on = np.flatnonzero(h)
        wrong += len(on) != 1 or number[units[int(on[0])][0]] != number[product]
    return {"wrong": wrong, "width": len(units)}, 0.0
