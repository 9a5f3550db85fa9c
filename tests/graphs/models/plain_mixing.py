"""Plain NumPy from the papers: convolutions, transforms and state spaces of single channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.graphs.models.plain_states import W, centred, sigmoid, silu, softplus


def gelu(x: Any) -> Any:
    """Gaussian error linear unit, in tanh form."""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def dilated(x: Any, weight: Any, bias: Any, dilation: int) -> Any:
    """Return sum_k W_k x[t - (K - 1 - k) dilation], zeros before the start."""
    width = weight.shape[-1]
    out = np.tile(bias, (len(x), 1))
    for t in range(len(x)):
        for k in range(width):
            s = t - (width - 1 - k) * dilation
            if s >= 0:
                out[t] += weight[:, :, k] @ x[s]
    return out


def tcn(x: Any, layers: list[W]) -> Any:
    """Bai et al. 2018, figure 1: residual blocks of two convolutions, dilation 2**l."""
    for l, w in enumerate(layers):
        y = x
        for name in ("conv1", "conv2"):
            y = np.maximum(dilated(y, w[f"{name}.weight"], w[f"{name}.bias"], 2**l), 0)
        x = np.maximum(x + y, 0)
    return x


def wavenet(x: Any, layers: list[W]) -> Any:
    """Van den Oord et al. 2016, figure 4: gated convolutions; the sum of the skips."""
    first = layers[0]
    x = x @ first["causal.weight"].T + first["causal.bias"]
    skips = np.zeros_like(x)
    for l, w in enumerate(layers):
        shape, gate = (
            dilated(x, w[f"{name}.weight"], w[f"{name}.bias"], 2**l) for name in ("filter", "gate")
        )
        z = np.tanh(shape) * sigmoid(gate)
        skips = skips + z @ w["skip.weight"].T + w["skip.bias"]
        if l < len(layers) - 1:
            x = x + z @ w["residual.weight"].T + w["residual.bias"]
    return skips


def bytenet(x: Any, layers: list[W]) -> Any:
    """Kalchbrenner et al. 2016, figure 3: residual blocks that narrow, convolve and widen."""

    def shown(y: Any, w: W, name: str) -> Any:
        return np.maximum(centred(y, 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"], 0)

    for l, w in enumerate(layers):
        y = shown(x, w, "norm1") @ w["reduce.weight"].T + w["reduce.bias"]
        y = dilated(shown(y, w, "norm2"), w["conv.weight"], w["conv.bias"], 2**l)
        x = x + shown(y, w, "norm3") @ w["expand.weight"].T + w["expand.bias"]
    return x


def causal(x: Any, kernel: Any) -> Any:
    """Return sum_j kernel[t - j] x[j], by its definition."""
    return np.stack([sum(kernel[t - j] * x[j] for j in range(t + 1)) for t in range(len(x))])


def hyena(x: Any, layers: list[W]) -> Any:
    """Poli et al. 2023, definition 3.1, order 2: y = x2 * (h2 conv (x1 * (h1 conv v)))."""
    n = len(x)
    for w in layers:
        e = w["filter.0.weight"].shape[1] // 2
        z = np.outer(np.arange(n), 10000.0 ** (-np.arange(e) / e))
        z = np.concatenate([np.sin(z), np.cos(z)], axis=1)
        for k in range(2):
            z = np.sin(z @ w[f"filter.{k}.weight"].T + w[f"filter.{k}.bias"])
        decay = np.exp(-np.outer(np.arange(n), softplus(w["filter.rates"])))
        filters = np.split(z @ w["filter.out.weight"].T * decay, 2, axis=1)
        u = x @ w["in_proj.weight"].T + w["in_proj.bias"]
        short = np.tile(w["short.bias"], (n, 1))
        width = w["short.weight"].shape[1]
        for t in range(n):
            for k in range(width):
                if t - (width - 1 - k) >= 0:
                    short[t] += w["short.weight"][:, k] * u[t - (width - 1 - k)]
        x1, x2, v = np.split(short, 3, axis=1)
        for k, (gate, kernel) in enumerate(zip((x1, x2), filters, strict=True)):
            v = gate * (causal(v, kernel) + w[f"skip.{k}"] * v)
        x = v @ w["out_proj.weight"].T + w["out_proj.bias"]
    return x


def fnet(x: Any, layers: list[W]) -> Any:
    """Lee-Thorp et al. 2022, equation 3: the real part of the transform along both axes."""
    for w in layers:
        for name, y in (("fourier.output", np.fft.fft2(x).real), ("output", None)):
            if y is None:
                inner = gelu(x @ w["intermediate.dense.weight"].T + w["intermediate.dense.bias"])
                y = inner @ w["output.dense.weight"].T + w["output.dense.bias"]
            x = centred(x + y, 1e-12) * w[f"{name}.weight"] + w[f"{name}.bias"]
    return x


def state_space(x: Any, w: W, matrices: Any) -> Any:
    """Recur in every channel by h = A h + B x, y = C h + D x, and mix the channels."""
    n, d = x.shape
    y = np.zeros((n, d))
    for i in range(d):
        a, b, c = matrices(i)
        h = np.zeros(len(b))
        for t in range(n):
            h = a @ h + b * x[t, i]
            y[t, i] = c @ h
    return gelu(y + w["D"] * x) @ w["output.weight"].T + w["output.bias"]


def s4(x: Any, layers: list[W]) -> Any:
    """Gu et al. 2022, equation 3: the bilinear rule with inverses of whole matrices."""
    for w in layers:

        def matrices(i: int, w: W = w) -> Any:
            full = np.diag(-np.exp(w["A_log"][i])) - np.outer(w["P"][i], w["Q"][i])
            step, one = np.exp(w["dt_log"][i]), np.eye(len(full))
            inverse = np.linalg.inv(one - step / 2 * full)
            return inverse @ (one + step / 2 * full), inverse @ (step * w["B"][i]), w["C"][i]

        x = state_space(x, w, matrices)
    return x


def s4d(x: Any, layers: list[W]) -> Any:
    """Gu et al. 2022, S4D: a diagonal matrix by zero-order hold."""
    for w in layers:

        def matrices(i: int, w: W = w) -> Any:
            rate = -np.exp(w["A_log"][i])
            decay = np.exp(np.exp(w["dt_log"][i]) * rate)
            return np.diag(decay), (decay - 1) / rate * w["B"][i], w["C"][i]

        x = state_space(x, w, matrices)
    return x


def h3(x: Any, layers: list[W]) -> Any:
    """Fu et al. 2023, algorithm 1 with heads of one component: q * diag(shift(k) * v)."""
    for w in layers:
        q, k, v = (x @ w[f"{p}_proj.weight"].T + w[f"{p}_proj.bias"] for p in "qkv")
        width = w["shift"].shape[1]
        shifted = w["shift.D"] * k
        for t in range(len(x)):
            for j in range(width):
                if t - j >= 0:
                    shifted[t] = shifted[t] + w["shift"][:, width - 1 - j] * k[t - j]
        carried, y = shifted * v, np.zeros_like(x)
        for i in range(x.shape[1]):
            rate = -np.exp(w["A_log"][i])
            decay = np.exp(np.exp(w["dt_log"][i]) * rate)
            h = np.zeros(len(rate))
            for t in range(len(x)):
                h = decay * h + (decay - 1) / rate * w["B"][i] * carried[t, i]
                y[t, i] = w["C"][i] @ h
        x = (q * (y + w["D"] * carried)) @ w["out_proj.weight"].T + w["out_proj.bias"]
    return x


def lightweight(x: Any, layers: list[W], h: int, *, dynamic: bool = False) -> Any:
    """Wu et al. 2019, equations 3 to 6: depthwise kernels of heads, normalised by a softmax."""
    for w in layers:
        value, gate = np.split(x @ w["in_proj.weight"].T + w["in_proj.bias"], 2, axis=1)
        y = value * sigmoid(gate)
        out = np.zeros_like(y)
        for t in range(len(x)):
            kernel = (w["kernel.weight"] @ y[t]).reshape(-1, h) if dynamic else w["kernel"]
            shares = np.exp(kernel) / np.exp(kernel).sum(0)
            width = len(shares)
            for j in range(width):
                if t - j >= 0:
                    out[t] += np.repeat(shares[width - 1 - j], x.shape[1] // h) * y[t - j]
        x = out @ w["out_proj.weight"].T + w["out_proj.bias"]
    return x


def lightweight_convolution(x: Any, layers: list[W]) -> Any:
    """Run with two heads."""
    return lightweight(x, layers, 2)


def dynamic_convolution(x: Any, layers: list[W]) -> Any:
    """Run with two heads, a kernel for each position."""
    return lightweight(x, layers, 2, dynamic=True)


def s5(x: Any, layers: list[W]) -> Any:
    """Smith et al. 2023, equations 2 and 6: one diagonal state space for all channels."""
    for w in layers:
        rate = -np.exp(w["A_log"])
        decay = np.exp(np.exp(w["dt_log"]) * rate)
        h, y = np.zeros(len(rate)), np.zeros_like(x)
        for t in range(len(x)):
            h = decay * h + (decay - 1) / rate * (w["B.weight"] @ x[t])
            y[t] = w["C.weight"] @ h
        x = gelu(y + w["D"] * x) @ w["output.weight"].T + w["output.bias"]
    return x


def mixture_of_experts(x: Any, layers: list[W]) -> Any:
    """Jiang et al. 2024, section 2.1: the softmax of the two highest scores weighs two experts."""
    for w in layers:
        out = np.zeros_like(x)
        for t, token in enumerate(x):
            scores = w["gate.weight"] @ token
            chosen = np.argsort(scores)[::-1][:2]
            weights = np.exp(scores[chosen]) / np.exp(scores[chosen]).sum()
            for share, k in zip(weights, chosen, strict=True):
                gate, up = np.split(w["experts.gate_up_proj"][k] @ token, 2)
                out[t] += share * (w["experts.down_proj"][k] @ (silu(gate) * up))
        x = out
    return x
