"""The part of the build that is not data: the compiled engines, one module an instruction set.

Each is the same C++ compiled for more of a processor; which one is used is chosen at run time.
They are optional: where there is no compiler, or one that does not know the flags, the
installation succeeds without them. Everything else stands in ``pyproject.toml``.
"""

from pathlib import Path
from platform import machine

from setuptools import Extension, setup

SOURCES = Path("service/convolution/native")

# What is compiled, and for what: ``base`` runs on every processor.
INSTRUCTION_SETS = {
    "base": (),
    "avx2": ("-mavx2", "-mfma"),
    "avx512": (
        *("-mavx2", "-mfma"),
        *("-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw"),
    ),
}
BUILT = INSTRUCTION_SETS if machine() in ("x86_64", "AMD64") else ("base",)

# Sums may be fused, and nobody asks for errno or for traps; NaN and infinities stay what they are.
FLAGS = [
    *("-std=c++17", "-O3", "-g0", "-fvisibility=hidden", "-pthread"),
    *("-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"),
]

setup(
    ext_modules=[
        Extension(
            f"service.convolution.native._{name}",
            sources=[str(SOURCES / f"{name}.cpp")],
            depends=sorted(map(str, SOURCES.glob("*.hpp"))),
            language="c++",
            extra_compile_args=[*FLAGS, *INSTRUCTION_SETS[name]],
            extra_link_args=["-pthread"],
            optional=True,
        )
        for name in BUILT
    ],
    # All at once.
    options={"build_ext": {"parallel": len(BUILT)}},
)
