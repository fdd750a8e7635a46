"""The catalogue of kernels: each entry a model of its parameters that builds its taps.

``parsing.parse_kernel`` turns a caller's JSON into a specification, whose ``build`` gives the
``KernelBank`` to convolve with.
"""
