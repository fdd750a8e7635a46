"""JSON as text, right and wrong, that no encoder would write."""

from __future__ import annotations

import random
from collections.abc import Mapping

from service.kernels.catalogue import CATALOGUE

MILLION_DIGITS = "9" * 1_000_000

# What no field of a request takes for a value, whatever the field.
NEVER_A_VALUE: Mapping[str, str] = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "1e400": "1e400",
    "-1e400": "-1e400",
    "an integer of a million digits": MILLION_DIGITS,
    "a fraction of a million digits before the point": MILLION_DIGITS + ".5",
    "a hexadecimal number": "0x10",
    "a number with a leading zero": "007",
    "a number without a fraction": "1.",
    "a number without a whole part": ".5",
    "a number with a plus": "+1",
    "a number in quotes": '"1"',
    "a lone high surrogate": r'"\ud800"',
    "a lone low surrogate": r'"\udfff"',
    "surrogates the wrong way round": r'"\udc00\ud800"',
    "a NUL, escaped": r'"bo\u0000x"',
    "a NUL": '"bo\0x"',
    "a control character": '"bo\x01x"',
    "an escape that is none": r'"\x41"',
    "a text without end": '"box',
    "a text of a million characters": '"' + "x" * 1_000_000 + '"',
    "a text in single quotes": "'box'",
    "an undefined word": "undefined",
    "an array with a comma too many": "[1,2,]",
    "an array of arrays of arrays of arrays": "[[[[1]]]]",
    "an array without end": "[1,2",
    "a depth of 100,000 arrays": "[" * 100_000 + "]" * 100_000,
    "a depth of 100,000 objects": '{"kernel":' * 100_000 + "1" + "}" * 100_000,
    "a depth of 1,000 arrays": "[" * 1_000 + "]" * 1_000,
    "a depth of 1,000 arrays with others between": "[[]," * 1_000 + "1" + "]" * 1_000,
    "a depth of 500 objects": '{"kernel":' * 500 + "1" + "}" * 500,
    "a depth of 100 arrays": "[" * 100 + "]" * 100,
    "an object with a comma too many": '{"name":"box",}',
    "an object with a key twice": '{"name":"box","name":"hann"}',
    "an object with a key twice, once escaped": r'{"name":"box","n\u0061me":"hann"}',
    "an object of a hundred thousand keys": "{"
    + ",".join(f'"k{index}":1' for index in range(100_000))
    + "}",
    "a comment": "1/**/",
    "a byte that is no UTF-8": '"\udcff"',
}

_ATOMS = (
    *("0", "1", "2", "3", "5", "-1", "0.5", "-0.0", "1e308", "-1e308", "1e-320"),
    *("9007199254740993", "18446744073709551616", "true", "false", "null", "NaN", "1e400"),
    *("[]", "{}", "[1,2,3]", "[[1,2],[3,4]]", "[[1,2],[3]]", "[1,1e308,-1e308]"),
    *('""', '"box"', '"valid"', '"same"', '"fft"', '"sum"', '"max"', '"ignore"', '"1"'),
    *('"wrap"', '"rows"', r'"\ud800"', r'"\u0000"'),
)
_KEYS = (
    *("signal", "kernel", "steps", "name", "size", "sigma", "values", "kernels", "combine"),
    *("normalize", "mode", "boundary", "fill_value", "stride", "dilation", "method", "axis"),
    *("nan", "rotate", "flip", "scale", "bias", "axes", "absolute", "shape", "dtype", "order"),
    *("channels", "alpha", "depth", "scaling", "frame", "cutoff", "angle", "length", "width"),
)


def random_document(chance: random.Random, depth: int = 0) -> str:
    """An object, mostly of keys that mean something, whose values are of any kind."""
    members = (
        f'"{_random_key(chance, depth)}":{random_value(chance, depth + 1)}'
        for _ in range(chance.randint(0, 5))
    )
    return "{" + ",".join(members) + "}"


def random_value(chance: random.Random, depth: int) -> str:
    """A value of any kind, less often an array or object the deeper it stands."""
    kind = chance.random() * (1 + depth / 3)
    if kind < 0.2:
        return random_document(chance, depth)
    if kind < 0.35:
        items = (random_value(chance, depth + 1) for _ in range(chance.randint(0, 4)))
        return "[" + ",".join(items) + "]"
    if kind < 0.5:
        return f'"{chance.choice(sorted(CATALOGUE))}"'
    return chance.choice(_ATOMS)


def _random_key(chance: random.Random, depth: int) -> str:
    if depth == 0 and chance.random() < 0.5:
        return chance.choice(("signal", "kernel", "steps", "shape"))
    return chance.choice(_KEYS)
