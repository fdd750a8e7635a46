// node breaking_changes.mjs BEFORE AFTER: what of an API its callers could rely on and can't any more.
import { readFile } from "node:fs/promises";
import { apiDiff } from "api-smart-diff";

const [before, after] = await Promise.all(
  process.argv.slice(2).map(async (file) => JSON.parse(await readFile(file, "utf8"))),
);
const breaking = apiDiff(before, after).filter((each) => each.type === "breaking");
console.log(JSON.stringify(breaking.map((each) => `${each.action} ${each.path.join(" / ")}`)));
