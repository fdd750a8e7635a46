// The public API: requests that can be cancelled, that tell their progress, and fail as problems.

/** What the service said was wrong (RFC 9457): `detail`, and `errors` with a pointer each. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `The service answered ${status}.`);
    this.status = status;
    this.errors = body.errors ?? [];
    this.retryAfter = body.retryAfter;
  }
}

// A service may want a key. It stays in this variable: neither stored nor in the address.
let key = "";

export function useKey(text) {
  key = text.trim();
}

const headers = () => (key ? { Authorization: `Bearer ${key}` } : {});

async function problemOf(status, blob) {
  try {
    return new Problem(status, JSON.parse(await blob.text()));
  } catch {
    return new Problem(status, {});
  }
}

async function checked(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The service can't be reached." });
  }
  if (!response.ok) throw await problemOf(response.status, response);
  return response;
}

export const getJson = async (path, signal) => (await checked(path, { signal })).json();
export const getBlob = async (path, signal) => (await checked(path, { signal })).blob();

export async function postJson(path, body, signal) {
  const options = { method: "POST", body: JSON.stringify(body), signal };
  return (await checked(path, { ...options, headers: { "Content-Type": "application/json" } })).json();
}

/**
 * Post a form; `progress` is called with the share of it that is sent, 0 to 1.
 * fetch tells nothing of that, so this is an XMLHttpRequest.
 */
export function postForm(path, fields, { signal, progress = () => {} } = {}) {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (value instanceof Blob) form.set(name, value, value.name ?? "picture");
    else form.set(name, value);
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "blob";
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.upload.onload = () => progress(1);
    request.onload = async () => {
      if (request.status === 200)
        resolve({ blob: request.response, header: (name) => request.getResponseHeader(name) });
      else reject(await problemOf(request.status, request.response));
    };
    request.onerror = () => reject(new Problem(0, { detail: "The service can't be reached." }));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    if (signal?.aborted) request.abort();
    request.send(form);
  });
}
