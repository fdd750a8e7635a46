// node breaking_changes.mjs BEFORE AFTER: what of an API its callers could rely on and can't any more.
import { readFile } from "node:fs/promises";
import { apiDiff } from "api-smart-diff";

const [before, after] = await Promise.all(
  process.argv.slice(2).map(async (file) => JSON.parse(await readFile(file, "utf8"))),
);

// The schemas of what callers send, and those that they refer to.
function sentSchemas(api) {
  const sent = new Set();
  const visit = (node) => {
    if (node === null || typeof node !== "object") return;
    const name = node.$ref?.split("/").at(-1);
    if (name && !sent.has(name)) {
      sent.add(name);
      visit(api.components.schemas[name]);
    }
    Object.values(node).forEach(visit);
  };
  for (const operation of Object.values(api.paths).flatMap(Object.values)) {
    visit(operation.parameters);
    visit(operation.requestBody);
  }
  return sent;
}

// The comparison does not tell what is sent from what is answered; an answer may promise more.
const sent = sentSchemas(after);
function answersMore({ action, path: [part, kind, schema, ...rest] }) {
  const [parent] = rest.slice(-2);
  return (
    action === "add" && part === "components" && kind === "schemas" && !sent.has(schema) &&
    (parent === "properties" || parent === "required")
  );
}

const breaking = apiDiff(before, after).filter(
  (change) => change.type === "breaking" && !answersMore(change),
);
console.log(JSON.stringify(breaking.map((each) => `${each.action} ${each.path.join(" / ")}`)));
