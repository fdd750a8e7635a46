// What a TypeScript program makes of the API: compiled against the generated types, then run.
import { readFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Schemas = components["schemas"];

const [baseUrl, file] = process.argv.slice(2);
const client = createClient<paths>({
  baseUrl,
  querySerializer: { object: { style: "form", explode: true } },
});

const convolved = await client.POST("/v1/signals/convolve", {
  body: { signal: [0, 0, 1, 0], kernel: [1, 2, 3], mode: "full" },
});
// One of the forms that an answer may have: JSON, because nothing else was asked for.
const { result } = convolved.data as Schemas["ConvolvedArray"];

const form = new FormData();
form.append("image", new Blob([new Uint8Array(await readFile(file))]));
form.append("kernel", "[[1,2],[0,-3]]");
const filtered = await client.POST("/v1/images/convolve", {
  // The form as it is: what the types say of its fields is for those who serialise it themselves.
  body: form as never,
  bodySerializer: (body) => body,
  parseAs: "arrayBuffer",
});
const picture = new Uint8Array(filtered.data as ArrayBuffer);

const path = { name: "hann" as const };
const known = await client.GET("/v1/kernels/{name}", {
  params: { path, query: { parameters: { size: 5 } } },
});
const { shape } = known.data as Schemas["KernelTaps"];
const refused = await client.GET("/v1/kernels/{name}", {
  params: { path, query: { parameters: { size: -1 } } },
});
const layers = (await client.GET("/v1/vgg16")).data?.layers.length;

console.log(
  JSON.stringify({ result, signature: picture[1], shape, problem: refused.error?.type, layers }),
);
