// A picture as the page has it: the file that is sent, and its pixels.

import { Problem, getBlob, postForm } from "./api.js";

// Canvases of some browsers hold no more. The API itself takes larger pictures.
const MOST_PIXELS = 16_000_000;

// The numbers as they are in the file, as the service reads them.
const AS_STORED = { colorSpaceConversion: "none", premultiplyAlpha: "none" };

/** A canvas with the picture in `blob`. Throws where the browser can't read it. */
export async function canvasOf(blob) {
  const bitmap = await createImageBitmap(blob, AS_STORED);
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

/** What the service makes of a picture that browsers don't know, such as TIFF. */
async function translated(file) {
  const { blob } = await postForm("v1/images/convolve?format=png", [
    ["image", file],
    ["kernel", "identity"],
  ]);
  return blob;
}

const readable = (file) => canvasOf(file).catch(async () => canvasOf(await translated(file)));

/** Read a file; `url` is where anybody can get it. Throws a Problem that names /image. */
export async function readPicture(file, { name, url = null }) {
  let canvas;
  try {
    canvas = await readable(file);
  } catch (error) {
    throw new Problem(0, { detail: error.message, errors: [{ pointer: "/image", detail: error.message }] });
  }
  const { width, height } = canvas;
  if (width * height > MOST_PIXELS) {
    const detail = "This page shows pictures of up to 16 megapixels; the API takes larger ones.";
    throw new Problem(0, { detail, errors: [{ pointer: "/image", detail }] });
  }
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return { file, name, url, canvas, width, height, data, ...kindOf(data) };
}

export async function readSample(name) {
  const url = `v1/samples/${name}`;
  return readPicture(await getBlob(url), { name: `${name}.png`, url });
}

/** Whether all pixels are gray, and whether any is translucent. */
function kindOf(data) {
  let [gray, translucent] = [true, false];
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) gray = false;
    if (data[i + 3] !== 255) translucent = true;
  }
  return { gray, translucent };
}

// ITU-R BT.601, as the service weighs them.
const LUMA = [299, 587, 114];
const COLOURS = ["red", "green", "blue"];

/** The function (row, column) => number of the samples that `channels` chooses; `shown` of three. */
export function sampler({ width, data, gray }, channels, shown) {
  const at = (row, column, channel) => data[4 * (row * width + column) + channel];
  if (channels === "luma" && !gray) {
    return (row, column) =>
      LUMA.reduce((sum, weight, channel) => sum + weight * at(row, column, channel), 0) / 1000;
  }
  const channel = gray ? 0 : channels === "keep" ? shown : COLOURS.indexOf(channels);
  return (row, column) => at(row, column, channel);
}
