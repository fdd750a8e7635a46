"""Whose the weights are, and on what terms they are handed on."""

from __future__ import annotations

NETWORK = "VGG16, configuration D of arXiv:1409.1556, in the numbering and layout of Keras"
ATTRIBUTION = "Karen Simonyan and Andrew Zisserman, Visual Geometry Group, University of Oxford"
LICENSE = "CC BY 4.0"
LICENSE_URL = "https://creativecommons.org/licenses/by/4.0/"
SOURCE_URL = "https://www.robots.ox.ac.uk/~vgg/research/very_deep/"
