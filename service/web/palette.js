// Colours of numbers: amber for positive ones, violet for negative, the paper's own for zero.

import { isDark } from "./theme_toggle.js";

const LIGHT = { zero: [246, 246, 250], positive: [217, 119, 6], negative: [91, 60, 196] };
const DARK = { zero: [32, 35, 47], positive: [255, 178, 92], negative: [168, 138, 255] };

/** The colour [r, g, b] of a number as a share of the largest magnitude, -1 to 1. */
export function colourOf(share) {
  const { zero, positive, negative } = isDark() ? DARK : LIGHT;
  const end = share < 0 ? negative : positive;
  const weight = Math.min(1, Math.abs(share)) || 0;
  return zero.map((from, index) => Math.round(from + (end[index] - from) * weight));
}

export const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

/** Black or white, whichever can be read on a colour (WCAG's relative luminance). */
export function inkOn(colour) {
  const [r, g, b] = colour.map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

export const peakOf = (rows) => rows.flat().reduce((most, each) => Math.max(most, Math.abs(each)), 0);

function paint(canvas, rows, colour) {
  canvas.width = rows[0].length;
  canvas.height = rows.length;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  rows.flat().forEach((value, index) => pixels.data.set([...colour(value), 255], 4 * index));
  context.putImageData(pixels, 0, 0);
}

/** Paint signed numbers, a pixel each. */
export function paintSigned(canvas, rows) {
  const peak = peakOf(rows) || 1;
  paint(canvas, rows, (value) => colourOf(value / peak));
}

/** Paint numbers from `low` (black) to `high` (white), a pixel each; `[r, g, b]` are colours. */
export function paintGray(canvas, rows, low = 0, high = 255) {
  const level = (value) => Math.round((255 * (value - low)) / (high - low || 1));
  paint(canvas, rows, (value) => [level(value), level(value), level(value)]);
}
