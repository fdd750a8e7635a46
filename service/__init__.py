"""The convolution service: signals and pictures in, exact convolutions out."""

__version__ = "0.1.0"
