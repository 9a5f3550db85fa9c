"""What happens at one position: functions of components, sums over them, and weights.

Nothing here reaches another position; what does stands in :mod:`.operations`.
"""

from __future__ import annotations

import functools

from .graph import Axis, GraphError, Read
from .primitives.contraction import Contraction
from .primitives.maps import Map, Scalar
from .primitives.noise import Flags, Gaussian
from .primitives.reductions import Reduction, Softmax
from .primitives.views import (
    Concatenate,
    Constant,
    Parameter,
    Rename,
    Split,
    Spread,
    Stop,
)
from .sizes import Poly, Sized, poly
from .tracer import (
    Array,
    current,
    merge,
)


def elementwise(function: str, *arguments: Array | Poly | Scalar | float) -> Array:
    """Apply a scalar function to components, numbers and sizes standing for themselves."""
    arrays = [a for a in arguments if isinstance(a, Array)]
    for a in arguments:
        if not isinstance(a, Array | Poly | Scalar | int | float):
            raise GraphError(f"expected arrays or numbers for {function}, got {type(a).__name__}")
    constants = tuple(None if isinstance(a, Array) else _scalar(a) for a in arguments)
    return current().apply(function, Map(function, constants), *arrays)


def _scalar(value: Poly | Scalar | float) -> Scalar | float:
    if isinstance(value, Poly):
        return Scalar(value)
    return value if isinstance(value, Scalar) else float(value)


def tanh(x: Array) -> Array:
    """Hyperbolic tangent of each component."""
    return elementwise("tanh", x)


def sigmoid(x: Array) -> Array:
    """Logistic function of each component."""
    return elementwise("sigmoid", x)


def relu(x: Array) -> Array:
    """Positive part of each component."""
    return elementwise("relu", x)


def gelu(x: Array, *, exact: bool = False) -> Array:
    """Gaussian error linear unit of each component, in tanh form or by the normal distribution."""
    return elementwise("exact_gelu" if exact else "gelu", x)


def silu(x: Array) -> Array:
    """Each component times its logistic function (Elfwing et al. 2018)."""
    return elementwise("silu", x)


def exp(x: Array) -> Array:
    """Exponential of each component."""
    return elementwise("exp", x)


def softplus(x: Array) -> Array:
    """log(1 + exp(.)) of each component."""
    return elementwise("softplus", x)


def sqrt(x: Array) -> Array:
    """Square root of each component."""
    return elementwise("sqrt", x)


def einsum(pattern: str, *arrays: Array) -> Array:
    """Contract arrays; the pattern labels the feature axes, not the positions."""
    return current().apply("einsum", Contraction(" ".join(pattern.split())), *arrays)


def rearrange(x: Array, pattern: str, **sizes: Sized) -> Array:
    """Reorder, split and merge feature axes, as ``"(h e) -> h e"`` with ``h="h"``."""
    bound = tuple(sorted((k, poly(v)) for k, v in sizes.items()))
    return current().apply("rename", Rename(pattern, bound), x)


def split(x: Array, parts: int) -> tuple[Array, ...]:
    """Cut the last axis into equal parts."""
    return tuple(current().apply("split", Split(k, parts), x) for k in range(parts))


def concatenate(*arrays: Array) -> Array:
    """Join arrays along their last axes."""
    return current().apply("concatenate", Concatenate(), *arrays)


def softmax(x: Array, axis: Axis | str) -> Array:
    """Softmax over one feature or slot axis."""
    return current().apply("softmax", Softmax(label_of(axis)), x)


def dropout(x: Array, probability: float = 0.1) -> Array:
    """Set components to zero at random and scale the others up (Srivastava et al. 2014)."""
    flags = Flags(x.axes, 1 - probability)
    kept = current().add("flags", flags, (), x.equation.positions, x.axes)
    return x * kept * (1 / (1 - probability))


def total(x: Array, axis: Axis | str) -> Array:
    """Sum over one feature or slot axis."""
    return current().apply("sum", Reduction("sum", label_of(axis)), x)


def mean(x: Array, axis: Axis | str) -> Array:
    """Mean over one feature axis: a sum and one division."""
    label = label_of(axis)
    summed = total(x, label)
    return summed / next(a.extent for a in x.axes if a.name == label)


def greatest(x: Array, axis: Axis | str) -> Array:
    """Largest component along one feature or slot axis."""
    return current().apply("max", Reduction("max", label_of(axis)), x)


def joint_softmax(*scores: Array) -> tuple[Array, ...]:
    """One softmax over the first axes of several arrays together: what is read by several ways.

    Of m terms together it takes 5 m - 2 operations, as one softmax does; its gradient is that of
    one softmax as well, since nothing hangs on what is subtracted for stability.
    """
    tops = [stop_gradient(greatest(x, x.axes[0])) for x in scores]
    top = functools.reduce(lambda a, b: elementwise("maximum", a, b), tops)
    shown = [exp(_less(x, top)) for x in scores]
    whole = functools.reduce(lambda a, b: a + b, [total(x, x.axes[0]) for x in shown])
    return tuple(elementwise("divide", x, _widened(whole, x)) for x in shown)


def _less(x: Array, top: Array) -> Array:
    return elementwise("subtract", x, _widened(top, x))


def _widened(x: Array, like: Array) -> Array:
    """Repeat along the first axis of another array."""
    return current().apply("spread", Spread(like.axes, tuple(range(1, len(like.axes)))), x)


def root(extent: Sized, order: int = 2) -> Scalar:
    """Return the square root of a size, or a higher one, as a number to multiply or divide by."""
    return Scalar(poly(extent), 1 / order)


def layer_norm(x: Array, *, name: str = "norm", epsilon: float = 1e-5) -> Array:
    """Layer normalisation over the last axis, with weight and bias (Ba et al. 2016)."""
    scaled, extent = standardize(x, epsilon=epsilon), x.axes[-1].extent
    return scaled * parameter(f"{name}.weight", extent) + parameter(f"{name}.bias", extent)


def standardize(x: Array, *, epsilon: float = 1e-5) -> Array:
    """Subtract the mean over the last axis and divide by the deviation."""
    axis = x.axes[-1]
    centred = x - mean(x, axis)
    variance = mean(centred * centred, axis)
    return centred / sqrt(variance + epsilon)


def rms_norm(x: Array, *, name: str = "norm", epsilon: float = 1e-5) -> Array:
    """Division by the root mean square over the last axis, with weight (Zhang, Sennrich 2019)."""
    axis = x.axes[-1]
    scaled = x / sqrt(mean(x * x, axis) + epsilon)
    return scaled * parameter(f"{name}.weight", axis.extent)


def parameter(name: str, *axes: Sized) -> Array:
    """Return a weight with these axes: one for the model, or one for each layer of a stack."""
    tracer = current()
    feature = tuple(Axis(str(e), e) for e in (poly(a) for a in axes))
    return tracer.add(name, Parameter(feature), (), tuple(tracer.layers), feature)


def everywhere(x: Array, like: Array) -> Array:
    """Return what is the same at every position at those of another array."""
    same = Spread(x.axes, tuple(range(len(x.axes))))
    reads = (Read(x.equation.name),)
    return current().add("everywhere", same, reads, merge("everywhere", x, like), x.axes)


def stop_gradient(x: Array) -> Array:
    """Return x as if it were given: no gradient passes back to what it was computed from."""
    return current().apply("stop", Stop(), x)


def gaussian(*axes: Sized) -> Array:
    """Return numbers drawn from a standard normal distribution once, for all positions."""
    feature = tuple(Axis(str(e), e) for e in (poly(a) for a in axes))
    return current().add("gaussian", Gaussian(feature), (), (), feature)


def zeros(*axes: Sized) -> Array:
    """Return an array of zeros, the same at every position."""
    feature = tuple(Axis(str(e), e) for e in (poly(a) for a in axes))
    return current().add("zeros", Constant(feature), (), (), feature)


def zeros_like(x: Array) -> Array:
    """Return an array of zeros with the components of another, the same at every position."""
    return current().add("zeros", Constant(x.axes), (), (), x.axes)


def full(value: float, *axes: Sized) -> Array:
    """Return an array of one number, the same at every position."""
    feature = tuple(Axis(str(e), e) for e in (poly(a) for a in axes))
    return current().add("constant", Constant(feature, float(value)), (), (), feature)


def linear(x: Array, out: Sized, *, name: str = "linear", bias: bool = True) -> Array:
    """Multiply the last axis by a weight of shape [out, in] and add a bias, as torch.nn.Linear."""
    width = x.axes[-1].extent
    weight = parameter(f"{name}.weight", out, width)
    lead = [f"a{k}" for k in range(len(x.axes) - 1)]
    spread = " ".join(lead)
    result = einsum(f"{spread} i, o i -> {spread} o", x, weight)
    return result + parameter(f"{name}.bias", out) if bias else result


def label_of(axis: Axis | str) -> str:
    """Return the label of an axis, given as itself or by its label."""
    return axis.name if isinstance(axis, Axis) else axis
