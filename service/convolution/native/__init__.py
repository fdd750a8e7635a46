"""Engines compiled from C++: direct sums, two passes and overlap-save, all inside the cache.

The sources beside this file build one extension module for each instruction set. They are
optional: ``load`` gives the best there is, or None where none was built.
"""

from service.convolution.native.engines import LevelScale, NativeEngines
from service.convolution.native.library import INSTRUCTION_SETS, load

__all__ = ["INSTRUCTION_SETS", "LevelScale", "NativeEngines", "load"]
