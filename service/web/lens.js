// One pixel under the lens: the samples around it, times the kernel, and their sum, in numbers.

import { element, plainNumber } from "./elements.js";
import { colourOf, css, inkOn, paintGray, paintSigned, peakOf } from "./palette.js";

// Larger kernels are drawn instead of written.
const MOST_WRITTEN = 7;

function written(rows, colour) {
  const cell = (value) => {
    const background = colour(value);
    const node = element("td", {}, plainNumber(value, Math.abs(value) < 1 ? 3 : 1));
    node.style.background = css(background);
    node.style.color = inkOn(background);
    return node;
  };
  return element(
    "table",
    {},
    rows.map((row) => element("tr", {}, row.map(cell))),
  );
}

const gray = (value) => {
  const level = Math.min(255, Math.max(0, Math.round(value)));
  return [level, level, level];
};

function grid(title, rows, { signed }) {
  const small = Math.max(rows.length, rows[0].length) <= MOST_WRITTEN;
  const peak = peakOf(rows) || 1;
  let body;
  if (small) body = written(rows, signed ? (value) => colourOf((0.8 * value) / peak) : gray);
  else {
    body = element("canvas", {
      role: "img",
      "aria-label": `${title}, ${rows.length} × ${rows[0].length}, drawn`,
    });
    (signed ? paintSigned : paintGray)(body, rows);
  }
  return element("figure", { class: "numbers" }, body, element("figcaption", {}, title));
}

const sign = (text) => element("span", { class: "sign", "aria-hidden": "true" }, text);

/** What happens to the sum on its way to a level of the picture: pairs of words and a number. */
export function afterwards(value, { kernelBias = 0, absolute, bias, scaling }) {
  const steps = [];
  const step = (words, next) => {
    value = next;
    steps.push([words, value]);
  };
  if (kernelBias) step("plus the kernel's bias", value + kernelBias);
  if (absolute) step("magnitude", Math.abs(value));
  if (bias) step("plus bias", value + bias);
  if (scaling === "clip")
    step("rounded and clipped to 0…255", Math.min(255, Math.max(0, roundHalfToEven(value))));
  return steps;
}

function roundHalfToEven(value) {
  const floor = Math.floor(value);
  const half = value - floor === 0.5;
  return half ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(value);
}

/** Fill `node` with what `found` (of `resultAt`) says of the pixel at `place`. */
export function showLens(node, { place, channel, found, options, shown }) {
  const [part] = found.parts;
  const several = found.parts.length > 1;
  const sums = several
    ? `sums ${found.parts.map((each) => plainNumber(each.sum)).join(", ")}; ${options.combine}`
    : "sum";
  const steps = afterwards(found.value, options).flatMap(([words, value]) => [
    sign("→"),
    element("span", {}, `${words} `, element("b", {}, plainNumber(value))),
  ]);
  const minmax =
    options.scaling === "minmax"
      ? [sign("→"), element("span", {}, "stretched to ", element("b", {}, String(shown)))]
      : [];
  node.replaceChildren(
    element(
      "p",
      { class: "place" },
      `Row ${place.row}, column ${place.column} of the result${channel ? `, ${channel}` : ""}`,
    ),
    element(
      "div",
      { class: "equation" },
      grid("samples", found.samples, { signed: false }),
      sign("×"),
      grid(options.operation === "correlate" ? "kernel" : "kernel, turned around", part.taps, {
        signed: true,
      }),
      sign("="),
      grid("products", part.products, { signed: true }),
    ),
    element(
      "p",
      { class: "sum" },
      element(
        "span",
        {},
        `${sums} `,
        element("output", { class: "total", "data-value": found.value }, plainNumber(found.value)),
      ),
      steps,
      minmax,
    ),
  );
}
