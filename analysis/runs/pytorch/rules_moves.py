"""Rules of operators that compute nothing: they look, move, select, create or convert.

An operator that returns a view of its argument needs no rule: torch says so itself.
"""

from __future__ import annotations

from .counts import Call, Counts, rule

CREATED = (
    *("arange", "empty", "empty_like", "empty_permuted", "empty_strided", "eye", "fill", "full"),
    *("full_like", "linspace", "new_empty", "new_empty_strided", "new_full", "new_ones"),
    *("new_zeros", "ones", "ones_like", "rand", "rand_like", "randn", "randn_like", "randint"),
    *("scalar_tensor", "zero", "zeros", "zeros_like", "normal", "uniform", "bernoulli"),
)
"""Arrays of constants, positions or random numbers."""

MOVED = (
    *("_to_copy", "_unsafe_view", "_reshape_copy", "cat", "clone", "constant_pad_nd", "copy"),
    *("embedding", "flip", "gather", "index", "index_copy", "index_fill", "index_select"),
    *("masked_fill", "masked_scatter", "masked_select", "nonzero", "pixel_shuffle", "repeat"),
    *(
        "repeat_interleave",
        "roll",
        "scatter",
        "select_backward",
        "select_scatter",
        "slice_backward",
    ),
    *("slice_scatter", "stack", "tril", "triu", "unfold_backward", "view_as_real", "where"),
    *("_unsafe_index", "as_strided_scatter", "resolve_conj", "resolve_neg", "set_", "contiguous"),
    *("rot90", "unsafe_split", "unsafe_split_with_sizes", "unsafe_chunk", "bucketize"),
    *("_conj_physical", "conj_physical", "resize"),
    *("detach_", "squeeze_", "t_", "transpose_", "unsqueeze_"),
)
"""Copies, in another order or with some components replaced."""

ASKED = ("_local_scalar_dense", "is_same_size", "item", "equal", "sym_size", "_assert_async")
"""Questions about an array."""


@rule(*CREATED, *MOVED, *ASKED)
def nothing(call: Call) -> Counts:
    """Count no operation."""
    return _NONE


_NONE = Counts()
