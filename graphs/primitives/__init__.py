"""The primitives: one definition each, with all rules of an operation in one place.

To add one, write a frozen dataclass that derives from :class:`Primitive` and, if people should
write it in models, a function in ``tracing``. Nothing else knows the primitives by name.
"""

from .base import Calculus, Frame, Phase, Primitive, Pulled, Site, View
from .contraction import Contraction
from .long_convolution import LongConvolution
from .lookup import Lookup, Position, Progression, Range
from .maps import MAPS, Map
from .moves import (
    Backwards,
    Enter,
    Final,
    Gather,
    Inside,
    Member,
    Place,
    Scatter,
    Shift,
    Step,
    Turn,
)
from .noise import Flags, Gaussian
from .reductions import Reduction, Softmax
from .scans import AssociativeScan, Component
from .substitution import Earlier, Substitution
from .transforms import Fourier, Ranked, Sort, Unsort
from .views import (
    Concatenate,
    Constant,
    Flip,
    Given,
    Input,
    Parameter,
    Rename,
    Seed,
    Slice,
    Split,
    Spread,
    Stop,
)

__all__ = [
    "MAPS",
    "AssociativeScan",
    "Backwards",
    "Calculus",
    "Component",
    "Concatenate",
    "Constant",
    "Contraction",
    "Earlier",
    "Enter",
    "Final",
    "Flags",
    "Flip",
    "Fourier",
    "Frame",
    "Gather",
    "Gaussian",
    "Given",
    "Input",
    "Inside",
    "LongConvolution",
    "Lookup",
    "Map",
    "Member",
    "Parameter",
    "Phase",
    "Place",
    "Position",
    "Primitive",
    "Progression",
    "Pulled",
    "Range",
    "Ranked",
    "Reduction",
    "Rename",
    "Scatter",
    "Seed",
    "Shift",
    "Site",
    "Slice",
    "Softmax",
    "Sort",
    "Split",
    "Spread",
    "Step",
    "Stop",
    "Substitution",
    "Turn",
    "Unsort",
    "View",
]
