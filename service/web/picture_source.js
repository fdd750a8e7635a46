// Where the picture comes from: chosen, dropped, pasted, the sample, or the webcam.

import { button, element, freshId } from "./elements.js";
import { openWebcam } from "./webcam.js";

/** The bar with these ways; `take(file, name)` gets a picture, `takeSample()` asks for the sample. */
export function pictureSource({ take, takeSample }) {
  const id = freshId("file");
  const input = element("input", {
    type: "file",
    id,
    class: "hidden",
    accept: "image/*,.tif,.tiff,.pgm,.ppm,.pbm,.pnm",
    onchange: () => {
      const [file] = input.files;
      if (file) take(file, file.name);
      input.value = "";
    },
  });
  const about = element("span", { class: "about" });
  const webcam = button("Webcam", () => openWebcam((file) => take(file, file.name)));
  webcam.hidden = !navigator.mediaDevices?.getUserMedia;
  const node = element(
    "div",
    { class: "source field", "data-pointer": "/image" },
    element(
      "span",
      { class: "choose" },
      input,
      element("label", { for: id, class: "button primary" }, "Choose a picture"),
    ),
    button("Sample", takeSample),
    webcam,
    element("span", { class: "note" }, "or drop or paste one"),
    about,
  );
  const show = ({ name, width, height }) => {
    about.textContent = `${name}, ${width} × ${height}`;
  };
  return { node, show };
}

const pictureIn = (transfer) => [...transfer.files].find((file) => file.size);

/** Take pictures that are dropped or pasted anywhere on the page, until `signal` is aborted. */
export function takeFromAnywhere(take, signal) {
  const body = document.body;
  const options = { signal };
  addEventListener(
    "dragover",
    (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      body.classList.add("dropping");
    },
    options,
  );
  addEventListener("dragleave", (event) => event.relatedTarget ?? body.classList.remove("dropping"), options);
  addEventListener(
    "drop",
    (event) => {
      body.classList.remove("dropping");
      const file = pictureIn(event.dataTransfer);
      if (!file) return;
      event.preventDefault();
      take(file, file.name);
    },
    options,
  );
  addEventListener(
    "paste",
    (event) => {
      const file = pictureIn(event.clipboardData);
      if (file) take(file, file.name || "pasted.png");
    },
    options,
  );
}
