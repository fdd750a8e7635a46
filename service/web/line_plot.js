// A line of numbers in SVG, with an axis to read them by.

import { drawn, plainNumber } from "./elements.js";

const MARGIN = { left: 46, right: 8, top: 8, bottom: 18 };

/** Round steps that part a span into a few: 1, 2 or 5 times a power of ten. */
export function ticks(low, high, about = 4) {
  const rough = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const count = Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => (Math.ceil(low / step - 1e-9) + index) * step);
}

/** The lowest and highest of some numbers, zero among them, with some air. */
export function spanOf(values) {
  const low = values.reduce((least, each) => Math.min(least, each), 0);
  const high = values.reduce((most, each) => Math.max(most, each), 0);
  const air = 0.08 * (high - low || 1);
  return [low - air, high + air];
}

/** Scales from numbers to the drawing: `x` for indices of `domain`, `y` for values of `range`. */
export function scales({ domain, range, width, height }) {
  const across = (width - MARGIN.left - MARGIN.right) / (domain[1] - domain[0] || 1);
  const up = (height - MARGIN.top - MARGIN.bottom) / (range[1] - range[0] || 1);
  return {
    x: (value) => MARGIN.left + (value - domain[0]) * across,
    y: (value) => height - MARGIN.bottom - (value - range[0]) * up,
    index: (x) => domain[0] + (x - MARGIN.left) / across,
    value: (y) => range[0] + (height - MARGIN.bottom - y) / up,
  };
}

const fixed = (value) => value.toFixed(1);

/** The path of `values` from index `first` on. */
export const pathOf = (values, first, { x, y }) =>
  values.map((value, index) => `${index ? "L" : "M"}${fixed(x(first + index))} ${fixed(y(value))}`).join("");

/** The area between `values` and zero. */
export const areaOf = (values, first, scale) =>
  values.length
    ? `M${fixed(scale.x(first))} ${fixed(scale.y(0))}${pathOf(values, first, scale).replace("M", "L")}L${fixed(scale.x(first + values.length - 1))} ${fixed(scale.y(0))}Z`
    : "";

/** An SVG with axes, and its scales to draw into it with. */
export function frame({ title, domain, range, width, height }) {
  const scale = scales({ domain, range, width, height });
  const levels = ticks(...range, height > 130 ? 4 : 3).map((value) => [
    drawn("line", {
      class: value === 0 ? "zero" : "level",
      x1: MARGIN.left,
      x2: width - MARGIN.right,
      y1: scale.y(value),
      y2: scale.y(value),
    }),
    drawn(
      "text",
      { class: "tick", x: MARGIN.left - 6, y: scale.y(value) + 4, "text-anchor": "end" },
      plainNumber(value),
    ),
  ]);
  const places = ticks(...domain, width > 500 ? 8 : 4).map((value) =>
    drawn(
      "text",
      { class: "tick", x: scale.x(value), y: height - 4, "text-anchor": "middle" },
      plainNumber(value),
    ),
  );
  const svg = drawn(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    levels.flat(),
    places,
  );
  return { svg, scale };
}
