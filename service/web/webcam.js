// A picture from the webcam: a dialog with what it sees, and a button.

import { button, element } from "./elements.js";

/** Ask for the camera; `take(file)` gets the picture, if one is taken. */
export async function openWebcam(take) {
  const video = element("video", {
    autoplay: true,
    playsinline: true,
    muted: true,
    "aria-label": "What the webcam sees",
  });
  const note = element("p", { class: "note", role: "status" }, "Waiting for the webcam…");
  const shoot = button("Take the picture", () => finish(true), { class: "primary", disabled: true });
  const dialog = element(
    "dialog",
    { class: "webcam", "aria-label": "Webcam" },
    video,
    note,
    element(
      "p",
      {},
      shoot,
      " ",
      button("Cancel", () => finish(false)),
    ),
  );
  let stream = null;
  const close = () => {
    stream?.getTracks().forEach((track) => track.stop());
    dialog.remove();
  };
  async function finish(wanted) {
    if (wanted) take(await still(video));
    dialog.close();
  }
  dialog.addEventListener("close", close);
  document.body.append(dialog);
  dialog.showModal();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 960 } } });
  } catch {
    note.textContent = "The webcam can't be used: there is none, or it was not allowed.";
    return;
  }
  if (!dialog.isConnected) return close();
  video.srcObject = stream;
  await video.play();
  note.textContent = "The picture is sent only to this service, which doesn't keep it.";
  shoot.disabled = false;
}

async function still(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([blob], "webcam.png", { type: "image/png" });
}
