"""State spaces that do not depend on the input: recurrences, convolutions, scans.

References: Gu et al. 2022, *Efficiently modeling long sequences with structured state spaces* (S4);
Gu et al. 2022, *On the parameterization and initialization of diagonal state space models* (S4D);
Smith et al. 2023, *Simplified state space layers* (S5); Fu et al. 2023, *Hungry hungry hippos* (H3). Their numbers are complex, with every second
one the conjugate of another; here they are real, as in S4D-Real, with as many as the papers count.
"""

from __future__ import annotations

import math

from ..complex_numbers import Complex
from ..operations import (
    einsum,
    elementwise,
    everywhere,
    exp,
    fourier,
    gather,
    gelu,
    layer,
    linear,
    long_convolution,
    parameter,
    scan,
    stack,
    zeros_like,
)
from ..primitives import Spread
from ..relations import Relation
from ..sizes import Sized
from ..tables import positions
from ..tracing import Array, current, model
from .linear_recurrence import states


def spread(x: Array, like: Array) -> Array:
    """Repeat one number for each channel along its states."""
    return current().apply("spread", Spread(like.axes, (0,)), x)


def diagonal(d: Sized, s: Sized) -> tuple[Array, Array]:
    """Logarithms of decays and what is put in of each channel's s states, by zero-order hold."""
    rate = -exp(parameter("A_log", d, s))
    step = rate * spread(exp(parameter("dt_log", d)), rate)
    return step, (exp(step) - 1.0) / rate * parameter("B", d, s)


def closed(y: Array, x: Array) -> Array:
    """Add the input, and mix channels."""
    d = x.axes[-1].extent
    return linear(gelu(y + parameter("D", d) * x), d, name="output")


@layer
def one_by_one(x: Array, s: Sized) -> Array:
    """S4D as a recurrence."""
    d = x.axes[-1].extent
    step, into = diagonal(d, s)
    h = states_of(exp(step), einsum("i, i s -> i s", x, into))
    return closed(einsum("i s, i s -> i", h, parameter("C", d, s)), x)


def states_of(decay: Array, drive: Array) -> Array:
    """All states of h' = decay h + drive, where the decay is the same at every position."""

    def step(h: Array, drive: Array) -> tuple[Array, Array]:
        h = decay * h + drive
        return h, h

    return scan(step, zeros_like(drive), drive)[1]


@layer
def convolved(x: Array, s: Sized) -> Array:
    """S4D as a convolution, with the kernel C exp(step)**t B: a Vandermonde product."""
    d = x.axes[-1].extent
    step, into = diagonal(d, s)
    powers = exp(step * positions(x))
    kernel = einsum("i s, i s -> i", powers, into * parameter("C", d, s))
    return closed(long_convolution(x, kernel), x)


def plus_low_rank(d: Sized, s: Sized) -> tuple[Array, ...]:
    """Parameters of each channel's matrix R - p q^T: R, p, q, what is put in, and 2/step."""
    rate = -exp(parameter("A_log", d, s))
    p, q = parameter("P", d, s), parameter("Q", d, s)
    twice = spread(2.0 / exp(parameter("dt_log", d)), rate)
    return rate, p, q, parameter("B", d, s), twice


@layer
def low_rank(x: Array, s: Sized) -> Array:
    """S4 as a recurrence: a diagonal matrix less one of rank one, by the bilinear rule.

    With A = R - p q^T and u = 2/step, (u - A)^-1 (u + A) h has two products of O(s) operations:
    (u - A)^-1 = E - E p (1 + q E p)^-1 q E with E = 1/(u - R), by Woodbury's identity.
    """
    d = x.axes[-1].extent
    rate, p, q, into, twice = plus_low_rank(d, s)
    inverse = 1.0 / (twice - rate)
    scaled = inverse * p
    left = scaled / spread(1.0 + dot(q, scaled), rate)
    into = 2.0 * into

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        h = (twice + rate) * h - p * spread(dot(q, h), rate) + into * spread(x, rate)
        h = inverse * h
        h = h - left * spread(dot(q, h), rate)
        return h, h

    h = scan(step, zeros_like(rate), x)[1]
    return closed(dot(h, parameter("C", d, s)), x)


@layer
def by_generating_function(x: Array, s: Sized) -> Array:
    """S4 as a convolution: its kernel's transform is its generating function at roots of unity.

    The transform at z = exp(-2 pi i k/n) is c (I - A' z)^-1 b, A' and b being what the bilinear
    rule makes of A = R - p q^T, and c the output vector times I - A'^n, which is the parameter
    (appendix C.3 of the paper). Multiplied out, this is 2 c (u (1 - z) - A (1 + z))^-1 B for
    u = 2/step; by Woodbury's identity it takes four sums over E = 1/(u (1 - z) - R (1 + z)), the
    Cauchy products of algorithm 1, which divides by 1 + z and leaves z = -1 out.
    """
    d, n = x.axes[-1].extent, x.sequence.extent
    rate, p, q, into, twice = plus_low_rank(d, s)
    out = parameter("C_tilde", d, s)
    angle = positions(x) * (2 * math.pi) / n
    cos, sin = elementwise("cos", angle), elementwise("sin", angle)
    near, far = 1.0 - cos, 1.0 + cos
    e = Complex(twice * near - rate * far, (twice + rate) * sin).reciprocal()
    cb, cp, qp, qb = (
        e.summed("i s, i s -> i", left * right)
        for left, right in ((out, into), (out, p), (q, p), (q, into))
    )
    one_plus = Complex(everywhere(far, x), -sin)
    found = cb - one_plus * cp * qb * (one_plus * qp + 1.0).reciprocal()
    kernel = fourier((found * 2.0).parts(), given=2, inverse=True) / n
    return closed(long_convolution(x, kernel), x)


@layer
def hungry(x: Array, s: Sized, k: Sized) -> Array:
    """H3: what a shift and a diagonal state space carry of keys and values, read with queries."""
    d = x.axes[-1].extent
    q, keys, values = (linear(x, d, name=f"{p}_proj") for p in "qkv")
    step, into = diagonal(d, s)
    powers = exp(step * positions(x))
    kernel = einsum("i s, i s -> i", powers, into * parameter("C", d, s))
    shifted = einsum("k i, i k -> i", gather(keys, Relation.window(k)), parameter("shift", d, k))
    shifted = shifted + parameter("shift.D", d) * keys
    carried = shifted * values
    carried = long_convolution(carried, kernel) + parameter("D", d) * carried
    return linear(q * carried, d, name="out_proj")


def dot(a: Array, b: Array) -> Array:
    """Sum the products of each channel's states."""
    return einsum("i s, i s -> i", a, b)


@layer
def scanned(x: Array, s: Sized, *, parallel: bool) -> Array:
    """S5: one state for all channels."""
    d = x.axes[-1].extent
    rate = -exp(parameter("A_log", s))
    step = rate * exp(parameter("dt_log", s))
    drive = linear(x, s, name="B", bias=False) * ((exp(step) - 1.0) / rate)
    if not parallel:
        return closed(linear(states_of(exp(step), drive), d, name="C", bias=False), x)
    decay = everywhere(exp(step), drive)
    return closed(linear(states(decay, drive, parallel=True), d, name="C", bias=False), x)


@model("n d")
def s4(x: Array, *, s: Sized = "s", L: Sized = 1) -> Array:
    """S4 as a recurrence: for each channel s states, a diagonal and a rank-one part."""
    return stack(lambda x: low_rank(x, s=s), x, L)


@model("n d")
def s4_convolution(x: Array, *, s: Sized = "s", L: Sized = 1) -> Array:
    """S4 as a convolution, whose kernel is found by Cauchy products (Gu et al. 2022, algorithm 1)."""
    return stack(lambda x: by_generating_function(x, s=s), x, L)


@model("n d")
def h3(x: Array, *, s: Sized = "s", k: Sized = "k", L: Sized = 1) -> Array:
    """H3 with heads of one component: a shift of k states, a diagonal state space of s, products."""
    return stack(lambda x: hungry(x, s=s, k=k), x, L)


@model("n d")
def s4d(x: Array, *, s: Sized = "s", L: Sized = 1) -> Array:
    """S4D as a recurrence: for each channel s states that decay on their own."""
    return stack(lambda x: one_by_one(x, s=s), x, L)


@model("n d")
def s4d_convolution(x: Array, *, s: Sized = "s", L: Sized = 1) -> Array:
    """S4D as a convolution of the whole sequence, by Fourier transforms."""
    return stack(lambda x: convolved(x, s=s), x, L)


@model("n d")
def s5_recurrent(x: Array, *, s: Sized = "s", L: Sized = 1) -> Array:
    """S5 as a recurrence of s states for all channels together."""
    return stack(lambda x: scanned(x, s=s, parallel=False), x, L)


@model("n d")
def s5(x: Array, *, s: Sized = "s", L: Sized = 1) -> Array:
    """S5 as an associative scan of s states for all channels together."""
    return stack(lambda x: scanned(x, s=s, parallel=True), x, L)
