"""Whole language models, from token numbers to logits, as transformers computes them."""

from .bert import bert, bert_pooled
from .chinchilla import chinchilla
from .deepseek import deepseek_v2, deepseek_v2_absorbed, deepseek_v2_lite
from .eagle import rwkv5, rwkv6
from .gpt2 import gpt2
from .jamba import jamba
from .llama import llama, mistral
from .lstm import awd_lstm, lstm_language_model
from .mamba import mamba, mamba_scan
from .mamba2 import mamba2
from .mixtral import mixtral
from .rwkv import rwkv4
from .t5 import t5
from .transformer import transformer

__all__ = [
    "awd_lstm",
    "bert",
    "bert_pooled",
    "chinchilla",
    "deepseek_v2",
    "deepseek_v2_absorbed",
    "deepseek_v2_lite",
    "gpt2",
    "jamba",
    "llama",
    "lstm_language_model",
    "mamba",
    "mamba2",
    "mamba_scan",
    "mistral",
    "mixtral",
    "rwkv4",
    "rwkv5",
    "rwkv6",
    "t5",
    "transformer",
]
