"""Libraries of arrays, and the small works by which they are measured.

>>> library = library_of("numpy", "cpu")
>>> library.smallest()().tolist()
[2.0]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np


class Library(Protocol):
    """What a library of arrays must do to be measured."""

    name: str
    formats: Sequence[str]

    def product(self, number: str, size: int) -> Callable[[], object]:
        """Return a product of square matrices, made beforehand."""

    def by_vector(self, size: int) -> Callable[[], object]:
        """Return a product of a square matrix and a vector."""

    def copy(self, size: int) -> Callable[[], object]:
        """Return a copy of so many bytes."""

    def elementwise(self, count: int) -> Callable[[], object]:
        """Return a hyperbolic tangent of so many numbers."""

    def arithmetic(self, count: int) -> Callable[[], object]:
        """Return a product of so many numbers with themselves."""

    def smallest(self) -> Callable[[], object]:
        """Return an addition of two numbers."""

    def wait(self) -> None:
        """Return when all that was started is done."""


class NumpyLibrary:
    """NumPy on the processor."""

    name = f"NumPy {np.__version__}"
    formats: Sequence[str] = ("fp32", "fp64")

    def product(self, number: str, size: int) -> Callable[[], object]:
        kind = {"fp32": np.float32, "fp64": np.float64}[number]
        a = np.random.default_rng(0).standard_normal((size, size)).astype(kind)
        out = np.empty_like(a)
        return lambda: np.matmul(a, a, out=out)

    def by_vector(self, size: int) -> Callable[[], object]:
        a, x = np.ones((size, size), np.float32), np.ones(size, np.float32)
        out = np.empty_like(x)
        return lambda: np.matmul(a, x, out=out)

    def copy(self, size: int) -> Callable[[], object]:
        a, b = np.ones(size // 4, np.float32), np.zeros(size // 4, np.float32)
        return lambda: np.copyto(b, a)

    def elementwise(self, count: int) -> Callable[[], object]:
        a = np.linspace(-2, 2, count, dtype=np.float32)
        out = np.empty_like(a)
        return lambda: np.tanh(a, out=out)

    def arithmetic(self, count: int) -> Callable[[], object]:
        a = np.linspace(-2, 2, count, dtype=np.float32)
        out = np.empty_like(a)
        return lambda: np.multiply(a, a, out=out)

    def smallest(self) -> Callable[[], object]:
        a, b = np.ones(1, np.float32), np.ones(1, np.float32)
        return lambda: a + b

    def wait(self) -> None:
        """Nothing is left to wait for."""


class TorchLibrary:
    """PyTorch on the processor or on a GPU."""

    def __init__(self, device: str = "cpu") -> None:
        import torch

        self.torch, self.device = torch, device
        self.name = f"PyTorch {torch.__version__.split('+')[0]}"
        self.formats: Sequence[str] = ("fp32", "bf16", "fp64")
        if device != "cpu":
            self.name += f" on {torch.cuda.get_device_name(device)}"
            self.formats = ("fp32", "tf32", "bf16", "fp16", "fp64")

    def product(self, number: str, size: int) -> Callable[[], object]:
        torch = self.torch
        kind = {
            "fp32": torch.float32,
            "tf32": torch.float32,
            "bf16": torch.bfloat16,
            "fp16": torch.float16,
            "fp64": torch.float64,
        }[number]
        a = torch.randn(size, size, device=self.device).to(kind)
        out = torch.empty_like(a)

        def run() -> None:
            if self.device != "cpu":
                torch.backends.cuda.matmul.allow_tf32 = number == "tf32"
            torch.matmul(a, a, out=out)

        return run

    def by_vector(self, size: int) -> Callable[[], object]:
        a, x = (self.torch.ones(*s, device=self.device) for s in ((size, size), (size,)))
        out = self.torch.empty_like(x)
        return lambda: self.torch.mv(a, x, out=out)

    def copy(self, size: int) -> Callable[[], object]:
        a = self.torch.ones(size // 4, device=self.device)
        b = self.torch.zeros_like(a)
        return lambda: b.copy_(a)

    def elementwise(self, count: int) -> Callable[[], object]:
        a = self.torch.linspace(-2, 2, count, device=self.device)
        out = self.torch.empty_like(a)
        return lambda: self.torch.tanh(a, out=out)

    def arithmetic(self, count: int) -> Callable[[], object]:
        a = self.torch.linspace(-2, 2, count, device=self.device)
        out = self.torch.empty_like(a)
        return lambda: self.torch.mul(a, a, out=out)

    def smallest(self) -> Callable[[], object]:
        a, b = (self.torch.ones(1, device=self.device) for _ in range(2))
        return lambda: a + b

    def wait(self) -> None:
        if self.device != "cpu":
            self.torch.cuda.synchronize()


def library_of(engine: str, device: str) -> Library:
    """Return a library by its name."""
    return NumpyLibrary() if engine == "numpy" else TorchLibrary(device)
