"""A module that cannot be imported."""

raise ImportError("this module is here to fail")
