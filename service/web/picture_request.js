// A picture's convolution as the API's form has it.

import { asField } from "./kernel_spec.js";

// What the API takes where nothing is said.
const STANDARD = {
  operation: "convolve",
  mode: "same",
  boundary: "symmetric",
  fill_value: 0,
  absolute: false,
  bias: 0,
  scaling: "clip",
  channels: "keep",
  alpha: "preserve",
};

/** The fields beside the file: pairs of text, without those that say what holds anyway. */
export function fieldsOf(settings) {
  const options = Object.entries(STANDARD)
    .filter(([name, standard]) => settings[name] !== standard)
    .map(([name]) => [name, String(settings[name])]);
  return [["kernel", asField(settings.kernel)], ...options];
}
