"""Whole language models, from token numbers to logits, as transformers computes them."""

from .bert import bert
from .gpt2 import gpt2
from .jamba import jamba
from .llama import llama, mistral
from .mamba import mamba, mamba_scan

__all__ = ["bert", "gpt2", "jamba", "llama", "mamba", "mamba_scan", "mistral"]
