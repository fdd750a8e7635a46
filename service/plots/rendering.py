"""How every figure looks, and its bytes."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any, Final, Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK: Final = "#24292f"
"""Text and frames."""

LINE: Final = "#0b62a4"
"""What is measured: dark enough for print, and told from ink by the colour blind."""

_STYLE: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",  # it comes with matplotlib: the same everywhere
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": "#8c959f",
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.6,
    "xtick.color": "#57606a",
    "ytick.color": "#57606a",
    "lines.linewidth": 1.4,
    "lines.solid_joinstyle": "round",
    "figure.dpi": 120,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",  # text stays text: it can be found, read aloud and copied
    "svg.hashsalt": "convolution",  # the same figure gives the same bytes
}


def render(draw: Callable[[Figure], None], file_type: Literal["png", "svg"]) -> bytes:
    """The file of what ``draw`` puts on an empty figure; equal figures give equal bytes."""
    file = BytesIO()
    with mpl.rc_context(_STYLE):
        figure = Figure()
        draw(figure)
        if file_type == "png":
            FigureCanvasAgg(figure)
            figure.savefig(file, format="png", metadata={"Software": None})
        else:
            FigureCanvasSVG(figure)
            figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()
