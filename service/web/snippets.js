// The same request for other hands: curl, Python with httpx, JavaScript's fetch.

const quoted = (text) => JSON.stringify(text);
const shell = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
// curl reads ; and , in the name of a file unless that is quoted.
const curlFile = (name) => (/^[\w.-]+$/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`);

function curlForm({ url, source, name, fields, result }) {
  const get = source ? `curl -s ${shell(source)} -o ${shell(name)}\n` : "";
  // -F reads @, < and ; in a value; --form-string does not.
  const flags = [
    `-F ${shell(`image=@${curlFile(name)}`)}`,
    ...fields.map(([field, value]) => `--form-string ${shell(`${field}=${value}`)}`),
  ];
  return `${get}curl -s ${flags.join(" \\\n  ")} \\\n  ${shell(url)} -o ${result}\n`;
}

function pythonForm({ url, source, name, fields, result }) {
  const read = source
    ? `picture = httpx.get(${quoted(source)}).content`
    : `with open(${quoted(name)}, "rb") as file:\n    picture = file.read()`;
  const data = fields.map(([field, value]) => `        ${quoted(field)}: ${quoted(value)},\n`).join("");
  return `import httpx

${read}
answer = httpx.post(
    ${quoted(url)},
    files={"image": (${quoted(name)}, picture)},
    data={
${data}    },
    timeout=60,
)
answer.raise_for_status()
with open(${quoted(result)}, "wb") as file:
    file.write(answer.content)
`;
}

function scriptForm({ url, source, name, fields }) {
  const read = source
    ? `const picture = await (await fetch(${quoted(source)})).blob();`
    : `const [picture] = document.querySelector("input[type=file]").files;`;
  const sets = fields.map(([field, value]) => `form.set(${quoted(field)}, ${quoted(value)});\n`).join("");
  return `${read}
const form = new FormData();
form.set("image", picture, ${quoted(name)});
${sets}const answer = await fetch(${quoted(url)}, { method: "POST", body: form });
if (!answer.ok) throw new Error((await answer.json()).detail);
const convolved = await answer.blob();
`;
}

/**
 * A form with a picture, by language.
 * `picture` has a `name`, and a `url` where anybody can get it; `fields` are pairs of text.
 */
export function pictureSnippets({ origin, path, picture, fields, result }) {
  const source = picture.url && origin + picture.url;
  const request = { url: origin + path, source, name: picture.name, fields, result };
  return { curl: curlForm(request), Python: pythonForm(request), JavaScript: scriptForm(request) };
}

/** A body of JSON, by language. */
export function jsonSnippets({ origin, path, body }) {
  const url = origin + path;
  const text = JSON.stringify(body);
  return {
    curl: `curl -s ${shell(url)} -H 'Content-Type: application/json' \\\n  -d ${shell(text)}\n`,
    Python: `import httpx

answer = httpx.post(
    ${quoted(url)},
    headers={"Content-Type": "application/json"},
    content=${quoted(text)},
    timeout=60,
)
answer.raise_for_status()
print(answer.json()["result"])
`,
    JavaScript: `const answer = await fetch(${quoted(url)}, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(${text}),
});
if (!answer.ok) throw new Error((await answer.json()).detail);
const { result } = await answer.json();
`,
  };
}
