"""The backward graph: what training adds to a model, derived from each primitive's own rule.

The derivative of a graph is a graph of the same primitives: a recurrence runs the other way, what
a position read becomes what its readers pass back, and a stack is climbed down. Baydin et al.
2018, *Automatic differentiation in machine learning: a survey*.

>>> from ..models import CATALOGUE
>>> from ..tracing import trace
>>> graph = training(trace(CATALOGUE["rnn"]))
>>> graph.outputs[1:]
('grad.layers.0.ih.weight', 'grad.layers.0.ih.bias', 'grad.layers.0.hh.weight', 'grad.layers.0.hh.bias')
"""

from .adjoints import backpropagation, gradients, training
from .recomputing import checkpoint

__all__ = ["backpropagation", "checkpoint", "gradients", "training"]
