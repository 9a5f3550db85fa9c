"""Shapes of parameters by layer, in the names and layouts of torch.nn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .errors import ArgumentError, require_divides

Sizes = Mapping[str, int]
Shapes = dict[str, tuple[int, ...]]
LayerShapes = Callable[[Sizes, int], Shapes]


def size(sizes: Sizes, name: str) -> int:
    """Return a size that must be given; the number of layers L is 1 where it is not."""
    if name not in sizes and name != "L":
        raise ArgumentError(f"expected sizes to give {name!r}, got sizes={dict(sizes)}")
    value = sizes.get(name, 1)
    if value < 1:
        raise ArgumentError(f"expected {name} to be at least 1, got {name}={value}")
    return value


def recurrent(gates: int, *, directions: int = 1) -> LayerShapes:
    """Return the shapes of a recurrent layer with so many gates per direction."""

    def shapes(sizes: Sizes, level: int) -> Shapes:
        d = size(sizes, "d")
        rows, width = gates * d, d if level == 0 else directions * d
        one_way = {
            "weight_ih": (rows, width),
            "weight_hh": (rows, d),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }
        ends = ("", "_reverse")[:directions]
        return {name + end: shape for end in ends for name, shape in one_way.items()}

    return shapes


def quasi_recurrent(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shape of three causal convolutions without biases."""
    d, k = size(sizes, "d"), size(sizes, "k")
    return {"conv.weight": (3 * d, d, k)}


def affine(*names: str, factor: int = 1) -> LayerShapes:
    """Return the shapes of linear maps with biases, from d to so many times d."""

    def shapes(sizes: Sizes, level: int) -> Shapes:
        d = size(sizes, "d")
        weights = {f"{name}.weight": (factor * d, d) for name in names}
        return weights | {f"{name}.bias": (factor * d,) for name in names}

    return shapes


def simple_unit(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of a simple recurrent unit."""
    d = size(sizes, "d")
    maps = affine("linear_f", "linear_r")(sizes, level)
    return maps | {"linear.weight": (d, d), "v_f": (d,), "v_r": (d,)}


def encoder_decoder(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of one LSTM that reads and of another that writes."""
    one = affine("ih", "hh", factor=4)(sizes, level)
    return {
        f"{side}.{name}": shape for side in ("encoder", "decoder") for name, shape in one.items()
    }


def attentive_encoder_decoder(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of GRUs in both directions, of an alignment, and of a GRU that writes."""
    d = size(sizes, "d")
    one = affine("ih", "hh", factor=3)(sizes, level)
    reading = {f"{side}.{n}": shape for side in ("forward", "backward") for n, shape in one.items()}
    aligning = {"align.keys.weight": (d, 2 * d), "align.v": (d,)}
    wide = affine("start", "align.query")(sizes, level)
    return {**reading, **aligning, **wide, **one, "ih.weight": (3 * d, 3 * d)}


def attention(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of torch.nn.MultiheadAttention."""
    d = size(sizes, "d")
    return {
        "in_proj_weight": (3 * d, d),
        "in_proj_bias": (3 * d,),
        "out_proj.weight": (d, d),
        "out_proj.bias": (d,),
    }


def grouped_attention(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of attention with g key and value heads."""
    d, h, g = (size(sizes, name) for name in "dhg")
    require_divides("h", h, "d", d)
    widths = {"q_proj": d, "k_proj": g * d // h, "v_proj": g * d // h, "out_proj": d}
    return {
        name: shape
        for part, width in widths.items()
        for name, shape in ((f"{part}.weight", (width, d)), (f"{part}.bias", (width,)))
    }


def multi_query_attention(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of attention with one key and value head."""
    return grouped_attention({**sizes, "g": 1}, level)


def feed_forward(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of a feed-forward network of width f."""
    d, f = size(sizes, "d"), size(sizes, "f")
    return {
        "linear1.weight": (f, d),
        "linear1.bias": (f,),
        "linear2.weight": (d, f),
        "linear2.bias": (d,),
    }


def encoder(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of torch.nn.TransformerEncoderLayer."""
    return _block(sizes, ("self_attn",))


def decoder(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of torch.nn.TransformerDecoderLayer."""
    return _block(sizes, ("self_attn", "multihead_attn"))


def _block(sizes: Sizes, attentions: tuple[str, ...]) -> Shapes:
    d = (size(sizes, "d"),)
    mixing = {
        f"{part}.{name}": shape for part in attentions for name, shape in attention(sizes).items()
    }
    norms = {
        f"norm{i + 1}.{name}": d for i in range(len(attentions) + 1) for name in ("weight", "bias")
    }
    return mixing | feed_forward(sizes) | norms


def convolution(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of torch.nn.Conv1d from d to d channels."""
    d, k = size(sizes, "d"), size(sizes, "k")
    return {"weight": (d, d, k), "bias": (d,)}


def separable_convolution(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of a depthwise and a pointwise torch.nn.Conv1d."""
    d, k = size(sizes, "d"), size(sizes, "k")
    return {
        "depthwise.weight": (d, 1, k),
        "depthwise.bias": (d,),
        "pointwise.weight": (d, d, 1),
        "pointwise.bias": (d,),
    }


def gated_linear(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of gated linear attention: h heads of s rows, gates of rank r."""
    d, h, s, r = (size(sizes, name) for name in "dhsr")
    wide = {f"{name}_proj.weight": (d, d) for name in "vgo"}
    gates = {"gk_proj.0.weight": (r, d), "gk_proj.1.weight": (h * s, r), "gk_proj.1.bias": (h * s,)}
    return {**wide, **gates, "q_proj.weight": (h * s, d), "k_proj.weight": (h * s, d)}


def retention(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of retention: queries, keys, values, a gate and a map of what was found."""
    d = size(sizes, "d")
    return {f"{name}_proj.weight": (d, d) for name in ("q", "k", "v", "g", "out")}


def selective(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of a state space with h heads, one B and one C of s rows for all."""
    d, h, s = (size(sizes, name) for name in "dhs")
    narrow = {f"{name}_proj.weight": (s, d) for name in "BC"}
    wide = {f"{name}_proj.weight": (d, d) for name in ("in", "out")}
    each = {"dt_proj.weight": (h, d), "dt_proj.bias": (h,), "A_log": (h,), "D": (h,)}
    return {**narrow, **wide, **each}


def delta_rule(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of a layer by the delta rule, with a rate for each of h heads."""
    d, h = size(sizes, "d"), size(sizes, "h")
    return {**{f"{name}_proj.weight": (d, d) for name in "qkvo"}, "b_proj.weight": (h, d)}


def matrix_memory(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of mLSTM: five maps to d, and two gates for each of h heads."""
    d, h = size(sizes, "d"), size(sizes, "h")
    gates = {f"{name}_proj.weight": (h, d) for name in "if"}
    biases = {f"{name}_proj.bias": (h,) for name in "if"}
    wide = affine("q_proj", "k_proj", "v_proj", "o_proj", "out_proj")(sizes, level)
    return {**wide, **gates, **biases}


def scalar_memory(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of sLSTM: four maps of inputs, and of states inside each of h heads."""
    d, h = size(sizes, "d"), size(sizes, "h")
    require_divides("h", h, "d", d)
    mixing = {f"r{name}.weight": (h, d // h, d // h) for name in "zifo"}
    return affine("z", "i", "f", "o", "out_proj")(sizes, level) | mixing


def state_space(*names: str, shared: bool = False) -> LayerShapes:
    """Return the shapes of s states for each channel, or for all of them, with arrays by name."""

    def shapes(sizes: Sizes, level: int) -> Shapes:
        d, s = size(sizes, "d"), size(sizes, "s")
        channel = () if shared else (d,)
        closing = {"D": (d,), "output.weight": (d, d), "output.bias": (d,)}
        own = dict.fromkeys(("A_log", *names), (*channel, s))
        maps = {"B.weight": (s, d), "C.weight": (d, s)} if shared else {}
        return {**own, **maps, "dt_log": (s,) if shared else (d,), **closing}

    return shapes


def gated_recurrence(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of the real-gated linear recurrent unit."""
    maps = affine("input_gate", "recurrent_gate")(sizes, level)
    return maps | {"recurrent_param": (size(sizes, "d"),)}


def latent_attention(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of attention through latents of rank r, with rotary keys of width e."""
    d, h, r, e = (size(sizes, name) for name in "dhre")
    down = {"kv_down.weight": (r, d), "k_rope.weight": (e, d), "q_rope.weight": (h * e, d)}
    up = {f"{name}_up.weight": (d, r) for name in "kv"}
    return {"q_proj.weight": (d, d), **down, **up, "out_proj.weight": (d, d)}


def kernels(*names: str) -> LayerShapes:
    """Return the shapes of convolutions of k positions from d to d channels, by name."""

    def shapes(sizes: Sizes, level: int) -> Shapes:
        return {f"{n}.{key}": shape for n in names for key, shape in convolution(sizes).items()}

    return shapes


def wavenet(sizes: Sizes, level: int = 0) -> Shapes:
    """Return the shapes of a gated convolution and of its maps.

    The first layer maps the input too; the last has no residual.
    """
    first = ("causal",) if level == 0 else ()
    passed = ("residual",) if level < size(sizes, "L") - 1 else ()
    maps = affine(*passed, "skip", *first)(sizes, level)
    return kernels("filter", "gate")(sizes, level) | maps
