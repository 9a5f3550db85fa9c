"""The primitives: one definition each, with all rules of an operation in one place.

To add one, write a frozen dataclass that derives from :class:`Primitive` and, if people should
write it in models, a function in ``tracing``. Nothing else knows the primitives by name.
"""

from .base import Frame, Primitive, Site, View
from .contraction import Contraction
from .maps import MAPS, Map
from .moves import Enter, Final, Gather, Shift
from .reductions import Reduction, Softmax
from .scans import AssociativeScan, Component
from .transforms import Fourier, Sort
from .views import Concatenate, Constant, Input, Parameter, Rename, Split

__all__ = [
    "MAPS",
    "AssociativeScan",
    "Component",
    "Concatenate",
    "Constant",
    "Contraction",
    "Enter",
    "Final",
    "Fourier",
    "Frame",
    "Gather",
    "Input",
    "Map",
    "Parameter",
    "Primitive",
    "Reduction",
    "Rename",
    "Shift",
    "Site",
    "Softmax",
    "Sort",
    "Split",
    "View",
]
