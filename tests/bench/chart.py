"""The report's chart: dots or lines on logarithmic axes, a panel a `Chart`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from tests.bench.tables import Chart, significant

# Ours stands out; the others are told apart by shade and place.
COLORS = ("#0b6e99", "#e0a458", "#b0a8b9", "#7d8491", "#c98474", "#a7c4a0", "#d9c5b2", "#94a3b8")
LINE_INCHES = 0.26
# Title, legend and axis of a panel.
FRAME_INCHES = 1.35
# What is drawn of a panel of lines.
CURVES_INCHES = 3.2
LEGEND_COLUMNS = 4
LEGEND_ROW_POINTS = 14
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # Ids that are the same for the same numbers.
    "svg.hashsalt": "bench",
    "font.family": "sans-serif",
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(charts: Sequence[Chart], file: Path) -> None:
    """Draw the charts below one another; the file's suffix names its format."""
    heights = [FRAME_INCHES + _inches(chart) for chart in charts]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.5, sum(heights)), layout="constrained")
        panels = figure.subplots(len(charts), 1, squeeze=False, height_ratios=heights)[:, 0]
        for chart, axes in zip(charts, panels, strict=True):
            draw_panel = _draw_curves if chart.across else _draw_panel
            draw_panel(chart, axes)
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def _inches(chart: Chart) -> float:
    return CURVES_INCHES if chart.across else LINE_INCHES * len(chart.cases)


def _draw_curves(chart: Chart, axes: Axes) -> None:
    """A line a candidate; bounds are dashed and dotted."""
    broken = cycle(("--", ":"))
    for (name, values), color in zip(chart.cases.items(), cycle(COLORS), strict=False):
        numbers = [float(each) for each in values]
        bound = name.startswith("bound")
        axes.plot(
            numbers,
            list(values.values()),
            next(broken) if bound else "o-",
            ms=4,
            color="#555555" if bound else color,
            label=name,
            zorder=2 if bound else 3,
        )
    ticks = sorted({float(each) for values in chart.cases.values() for each in values})
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{each:g}" for each in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(f"{chart.across}, logarithmic")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: significant(value)))
    axes.set_ylabel(f"{chart.axis}, logarithmic")
    axes.grid(alpha=0.25)
    _head(chart, axes, rows=-(-len(chart.cases) // LEGEND_COLUMNS))


def _draw_panel(chart: Chart, axes: Axes) -> None:
    """A line a case with a dot a candidate; the least and the greatest number are written."""
    candidates = list(dict.fromkeys(name for values in chart.cases.values() for name in values))
    for name, color in zip(candidates, cycle(COLORS), strict=False):
        places = [
            (values[name], line)
            for line, values in enumerate(chart.cases.values())
            if name in values
        ]
        # Ours is drawn last, where dots meet.
        order = 2 + len(candidates) - candidates.index(name)
        axes.plot(*zip(*places, strict=True), "o", ms=7, color=color, label=name, zorder=order)
    for line, values in enumerate(chart.cases.values()):
        _write_number(axes, min(values.values()), line, -7, "right")
        if len(values) > 1:
            _write_number(axes, max(values.values()), line, 7, "left")
    _dress(chart, axes, rows=-(-len(candidates) // LEGEND_COLUMNS))


def _write_number(axes: Axes, value: float, line: int, points: int, side: str) -> None:
    axes.annotate(
        significant(value),
        (value, line),
        xytext=(points, 0),
        textcoords="offset points",
        ha=side,
        va="center_baseline",
    )


def _dress(chart: Chart, axes: Axes, rows: int) -> None:
    """The axes, and above the dots what they show."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: significant(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.08)
    axes.set_ylim(len(chart.cases) - 0.4, -0.6)
    axes.set_yticks(range(len(chart.cases)), list(chart.cases))
    axes.tick_params(axis="y", length=0)
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"{chart.axis}, logarithmic")
    _head(chart, axes, rows)


def _head(chart: Chart, axes: Axes, rows: int) -> None:
    """The title, and beneath it the legend in so many rows."""
    axes.set_title(chart.title, loc="left", weight="bold", pad=8 + LEGEND_ROW_POINTS * rows)
    axes.legend(
        ncols=LEGEND_COLUMNS,
        loc="lower left",
        bbox_to_anchor=(-0.02, 0.99),
        frameon=False,
        columnspacing=1.2,
        handletextpad=0.1,
    )
