// What went wrong, shown beside the field that the problem's pointer names.

import { element, freshId } from "./elements.js";
import { useKey } from "./api.js";

/** Take away all that `showProblem` wrote within `root`. */
export function clearProblem(root) {
  for (const note of root.querySelectorAll(".fault")) note.remove();
  for (const control of root.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}

/** The field whose pointer is this one, or the nearest that it lies in. */
function fieldAt(root, pointer) {
  for (let place = pointer; place; place = place.slice(0, place.lastIndexOf("/"))) {
    const found = root.querySelector(`[data-pointer="${CSS.escape(place)}"]`);
    if (found) return found;
  }
  return null;
}

function mark(field, detail) {
  const id = freshId("fault");
  field.append(element("p", { class: "fault", id }, detail));
  field.closest("details")?.setAttribute("open", "");
  for (const control of field.querySelectorAll("input, select, textarea")) {
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", id);
  }
}

/** Show an error of a request within `root`; what names no field there goes to `general`. */
export function showProblem(root, error, general) {
  clearProblem(root);
  const faults = error.errors?.length ? error.errors : [{ pointer: "", detail: error.message }];
  const homeless = faults.filter(({ pointer, detail }) => {
    const field = fieldAt(root, pointer);
    if (field) mark(field, detail);
    return !field;
  });
  if (homeless.length) general.append(element("p", { class: "fault", role: "alert" }, homeless[0].detail));
  if (error.status === 401) general.append(keyForm());
}

function keyForm() {
  const id = freshId("key");
  const input = element("input", { id, type: "password", autocomplete: "off" });
  const enter = (event) => {
    event.preventDefault();
    useKey(input.value);
    dispatchEvent(new HashChangeEvent("hashchange"));
  };
  return element(
    "form",
    { class: "key fault", onsubmit: enter },
    element("label", { for: id }, "Key for this service (kept until the page is closed)"),
    input,
    element("button", {}, "Use it"),
  );
}
