// Where the signal comes from: one of those to try, drawn, pasted, or a CSV file.

import { element, freshId } from "./elements.js";
import { choiceField, numberField } from "./fields.js";
import { readRows } from "./pasted_numbers.js";
import { MOST_SAMPLES, signalOf, SOURCES } from "./signal_sources.js";

export function signalSourcePanel(store) {
  const id = freshId("numbers");
  const area = element("textarea", { id, rows: 3, spellcheck: "false", autocomplete: "off" });
  const note = element("p", { class: "note", role: "status" });
  const source = choiceField({
    label: "Shape",
    value: store.settings.source,
    options: Object.entries(SOURCES).map(([name, { label }]) => [name, label]),
    onchange: (name) => store.set({ source: name, values: name === "own" ? signalOf(store.settings) : [] }),
  });
  const length = numberField({
    label: "Samples",
    value: store.settings.length,
    whole: true,
    range: { min: 10, max: 600, step: 1 },
    onchange: (value) => store.set({ length: value }),
  });
  const take = (text) => {
    let values;
    try {
      values = readRows(text).flat();
    } catch (error) {
      note.textContent = `Not taken: ${error.message}.`;
      return;
    }
    note.textContent =
      values.length > MOST_SAMPLES ? `The first ${MOST_SAMPLES} of ${values.length} samples.` : "";
    store.set({ source: "own", values: values.slice(0, MOST_SAMPLES) });
  };
  area.addEventListener("input", () => area.value.trim() && take(area.value));
  const file = element("input", {
    type: "file",
    id: `${id}-file`,
    class: "hidden",
    accept: ".csv,.txt,.tsv,text/*",
    onchange: async () => {
      if (file.files[0]) take(await file.files[0].text());
      file.value = "";
    },
  });
  const follow = (settings) => {
    const own = settings.source === "own";
    length.hidden = own;
    source.querySelector("select").value = settings.source;
    if (document.activeElement !== area) area.value = own ? settings.values.join(", ") : "";
  };
  store.subscribe(follow);
  follow(store.settings);
  return element(
    "section",
    { class: "card", "aria-labelledby": `${id}-title` },
    element("h2", { id: `${id}-title` }, "Signal"),
    source,
    length,
    element(
      "div",
      { class: "field", "data-pointer": "/signal" },
      element("label", { for: id }, "Numbers: paste them, or draw on the plot"),
      area,
      element(
        "span",
        { class: "choose" },
        file,
        element("label", { for: `${id}-file`, class: "button" }, "CSV file"),
      ),
      note,
    ),
  );
}
