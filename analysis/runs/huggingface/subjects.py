"""Models of transformers as public counters take them: a module and its named arguments.

They are built as people use them, with the library's own choice of attention.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ..pytorch.counters import Subject
from .building import build


def subject(name: str, sizes: Mapping[str, int], device: str) -> Subject:
    """Build a model of transformers and its arguments on a device.

    Raises
    ------
    EngineError
        If transformers does not have the model, or not at these sizes.
    """
    built = build(name, sizes, device=device, dtype=torch.float32)
    if name != "mamba":
        built.module.set_attn_implementation("sdpa")
    tokens = torch.as_tensor(built.inputs()[0], dtype=torch.long, device=device)[None]
    if built.family.causal:
        # On the meta device nobody can look at positions, as transformers does without a cache.
        built.module.config.use_cache = device == "meta"
    return Subject(built.module, (), {"input_ids": tokens})
