// Controls made from the JSON Schema of a kernel's parameters.

import { choiceField, jsonField, numberField, toggleField } from "./fields.js";

// Up to this span a slider covers all that the schema allows; else what is usual.
const WHOLE_SPAN = 720;

const title = (name) => name.replaceAll("_", " ").replace(/^\w/, (letter) => letter.toUpperCase());

const alternatives = (schema, definitions) =>
  (schema.anyOf ?? [schema]).map((each) => (each.$ref ? definitions[each.$ref.split("/").at(-1)] : each));

/** The range of a slider: the schema's where that is narrow, else around the default. */
export function rangeOf(schema, standard, description = "") {
  const low = schema.minimum ?? schema.exclusiveMinimum ?? -Infinity;
  const high = schema.maximum ?? schema.exclusiveMaximum ?? Infinity;
  const whole = schema.type === "integer";
  const reach = Math.max(whole ? 31 : 10, Math.abs(standard ?? 0) * (whole ? 3 : 5));
  const narrow = high - low <= WHOLE_SPAN;
  const max = narrow ? high : Math.min(high, reach);
  const min = narrow || low >= -reach ? low : -reach;
  // Only its description says that a size is odd.
  if (whole) return { min, max, step: schema.multipleOf ?? (/\bodd number/.test(description) ? 2 : 1) };
  const step = max - min <= 2 ? 0.01 : 0.1;
  return { min: Math.ceil(min / step) * step, max, step };
}

/** The control for one parameter, or null for one that has none here. */
export function fieldFor(name, schema, definitions, value, onchange) {
  const options = alternatives(schema, definitions);
  const optional = options.some((each) => each.type === "null");
  const common = {
    label: title(name),
    pointer: `/kernel/${name}`,
    hint: schema.description,
    value,
    onchange,
  };
  const words = options.find((each) => each.enum);
  if (words) {
    const choices = words.enum.map((each) => [each, String(each)]);
    return choiceField({ ...common, options: optional ? [[null, "auto"], ...choices] : choices });
  }
  if (options.some((each) => each.type === "boolean")) return toggleField(common);
  const number = options.find((each) => each.type === "number" || each.type === "integer");
  if (number && !Array.isArray(value)) {
    const range = rangeOf(number, schema.default, schema.description);
    return numberField({ ...common, range, optional, whole: number.type === "integer" });
  }
  return jsonField(common);
}
