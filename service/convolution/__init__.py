"""The numeric core: borders, geometry, engines, the planner, and ``convolve``.

Numbers in, numbers out: no HTTP, no pictures, no globals.
"""
