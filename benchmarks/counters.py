"""Counting work: one derivation for all lengths, against a traced count for each length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .timing import Row, cpu

LENGTHS = tuple(range(32, 32 * 21, 32))
GPT2 = {"c": 1024, "d": 768, "f": 3072, "h": 12, "v": 50257, "L": 12}


def sweeping() -> Iterator[Row]:
    """Contraction work of GPT-2 with 12 layers at 20 lengths."""
    ours = cpu(_derived, repeat=5)
    title = f"contractions of gpt2, 12 layers, {len(LENGTHS)} lengths: derived and evaluated"
    derived = _derived()
    for device in ("meta", "cpu"):
        counted, seen = _counter(device), []
        seconds = cpu(lambda: seen.append(counted()), repeat=1)  # noqa: B023 - called at once
        told = "equal" if seen == [derived] else "NOT EQUAL"
        yield Row(title, ours, f"FlopCounterMode on {device}, traced at each ({told})", seconds)


def _derived() -> list[int]:
    """Trace the model, derive its work with the number of layers symbolic, and evaluate it."""
    from workspan.analysis.counting.counts import work
    from workspan.graphs.models import CATALOGUE
    from workspan.graphs.setting import Setting
    from workspan.graphs.tracing import trace

    formula = work(trace(CATALOGUE["gpt2"], L="L", h="h"), Setting()).by_primitive["contraction"]
    needed = {s: v for s, v in GPT2.items() if s in formula.sizes}
    return [int(formula.evaluate(**needed, n=n)) for n in LENGTHS]


def _counter(device: str) -> Callable[[], list[int]]:
    import torch
    import transformers
    from torch.utils.flop_counter import FlopCounterMode

    config = transformers.GPT2Config(attn_implementation="eager")
    with torch.device(device):
        module: Any = transformers.GPT2LMHeadModel(config).eval()

    def counted() -> list[int]:
        found = []
        for n in LENGTHS:
            tokens = torch.zeros((1, n), dtype=torch.long, device=device)
            counter = FlopCounterMode(display=False)
            with torch.no_grad(), counter:
                module(tokens, use_cache=True)
            found.append(int(counter.get_total_flops()))
        return found

    return counted
