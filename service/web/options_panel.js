// How a kernel is applied: the options that stand beside it, as a table of controls.

import { element } from "./elements.js";
import { choiceField, numberField, toggleField } from "./fields.js";

const words = (...names) => names.map((name) => [name, name]);

const MODE = {
  name: "mode",
  label: "Mode",
  options: words("same", "full", "valid"),
  hint: "full: every place that touches the input; same: as large as the input; valid: no sample from beyond the border",
};
const BOUNDARY = {
  name: "boundary",
  label: "Beyond the border",
  hint: "what stands beyond the border of a b c d",
  options: [
    ["constant", "constant: f f | a b c d | f f"],
    ["edge", "edge: a a | a b c d | d d"],
    ["reflect", "reflect: c b | a b c d | c b"],
    ["symmetric", "symmetric: b a | a b c d | d c"],
    ["wrap", "wrap: c d | a b c d | a b"],
  ],
};
const fill = (range) => ({
  name: "fill_value",
  label: "The constant f",
  range,
  when: (settings) => settings.boundary === "constant",
});
const OPERATION = {
  name: "operation",
  label: "Operation",
  options: words("convolve", "correlate"),
  hint: "convolve turns the kernel around; correlate, which networks do, does not",
};

export const PICTURE_OPTIONS = [
  { name: "absolute", label: "Magnitude: take the absolute value", hint: "the notebook's np.abs" },
  {
    name: "scaling",
    label: "To levels by",
    options: words("clip", "minmax"),
    hint: "clip: round, and cut at black and white; minmax: the smallest becomes black, the largest white",
  },
  MODE,
  BOUNDARY,
  fill({ min: 0, max: 255, step: 1 }),
  { name: "channels", label: "Channels", options: words("keep", "luma", "red", "green", "blue") },
  { name: "alpha", label: "Transparency", options: words("preserve", "premultiplied", "drop") },
  { name: "bias", label: "Bias, added", range: { min: -255, max: 255, step: 1 } },
  OPERATION,
];

export const SIGNAL_OPTIONS = [MODE, BOUNDARY, fill({ min: -2, max: 2, step: 0.05 }), OPERATION];

function control(option, value, onchange) {
  const { name, label, hint, range, options } = option;
  const common = { label, hint, pointer: `/${name}`, value, onchange };
  if (options) return choiceField({ ...common, options });
  return range ? numberField({ ...common, range }) : toggleField(common);
}

/** A card with controls for `options`, which change the settings of `store`. */
export function optionsPanel(options, store) {
  const body = options.map((option) => {
    const node = control(option, store.settings[option.name], (value) => store.set({ [option.name]: value }));
    const follow = () => {
      node.hidden = option.when ? !option.when(store.settings) : false;
    };
    store.subscribe(follow);
    follow();
    return node;
  });
  return element(
    "section",
    { class: "card options", "aria-labelledby": "options-title" },
    element("h2", { id: "options-title" }, "Options"),
    body,
  );
}
