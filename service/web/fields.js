// Labelled controls. Each knows by a JSON Pointer which field of a request it is, for its errors.

import { element, freshId } from "./elements.js";

function field(kind, label, pointer, hint, control, id) {
  return element(
    "div",
    { class: `field ${kind}`, "data-pointer": pointer },
    element("label", { for: id, title: hint }, label),
    control,
  );
}

/** A number with a slider beside it; `optional` ones may be left empty and are then null. */
export function numberField({ label, pointer, hint, value, range, optional, whole, onchange }) {
  const id = freshId("number");
  const { min, max, step } = range;
  const slider = element("input", { type: "range", min, max, step, "aria-label": `${label}, slider` });
  const number = element("input", { type: "number", id, step: "any", placeholder: optional ? "auto" : null });
  if (whole) number.step = 1;
  const show = (shown) => {
    number.value = shown ?? "";
    slider.value = shown ?? min;
  };
  show(value);
  slider.addEventListener("input", () => {
    number.value = slider.value;
    onchange(Number(slider.value));
  });
  number.addEventListener("input", () => {
    if (number.value === "") {
      if (optional) onchange(null);
      return;
    }
    slider.value = number.value;
    onchange(Number(number.value));
  });
  return field("number", label, pointer, hint, element("div", { class: "slide" }, slider, number), id);
}

/** One of some words: side by side where they are few, else a list. */
export function choiceField({ label, pointer, hint, value, options, onchange }) {
  if (options.length > 3) return listField({ label, pointer, hint, value, options, onchange });
  const name = freshId("choice");
  const radios = options.map(([option, text]) =>
    element(
      "label",
      {},
      element("input", {
        type: "radio",
        name,
        value: option,
        checked: option === value,
        onchange: () => onchange(option),
      }),
      element("span", {}, text),
    ),
  );
  return element(
    "fieldset",
    { class: "field choice", "data-pointer": pointer },
    element("legend", { title: hint }, label),
    element("div", { class: "segments" }, radios),
  );
}

function listField({ label, pointer, hint, value, options, onchange }) {
  const id = freshId("list");
  const select = element(
    "select",
    { id, onchange: () => onchange(options[select.selectedIndex][0]) },
    options.map(([option, text]) =>
      element("option", { value: String(option), selected: option === value }, text),
    ),
  );
  return field("list", label, pointer, hint, select, id);
}

export function toggleField({ label, pointer, hint, value, onchange }) {
  const box = element("input", { type: "checkbox", checked: value, onchange: () => onchange(box.checked) });
  return element(
    "div",
    { class: "field toggle", "data-pointer": pointer },
    element("label", { title: hint }, box, element("span", {}, label)),
  );
}

/** Text that is JSON where it can be read as that, and a bare word otherwise. */
export function jsonField({ label, pointer, hint, value, onchange }) {
  const id = freshId("json");
  const input = element("input", {
    type: "text",
    id,
    value: typeof value === "string" ? value : JSON.stringify(value),
  });
  input.addEventListener("input", () => {
    let read = input.value.trim();
    try {
      read = JSON.parse(read);
    } catch {
      // A bare word; where it makes no sense the service says so.
    }
    onchange(read);
  });
  return field("json", label, pointer, hint, input, id);
}
