// Numbers out of text: cells of a spreadsheet, CSV, JSON, lines with spaces.

/** A number as people write it: 0.5, 1e-3, -2, 1/9; NaN for anything else. */
export function readNumber(text) {
  const cleaned = text.trim().replace("−", "-");
  const parts = cleaned.split("/").map((part) => (part.trim() === "" ? NaN : Number(part)));
  const value = parts.length === 2 ? parts[0] / parts[1] : parts.length === 1 ? parts[0] : NaN;
  return Number.isFinite(value) ? value : NaN;
}

/**
 * The rows of numbers in a text; throws where a word is no number.
 * Cells are parted by tabs, commas, semicolons or spaces, rows by lines; JSON will do as well.
 */
export function readRows(text) {
  const json = text.trim().startsWith("[") ? JSON.parse(text) : null;
  const rows = json
    ? (Array.isArray(json[0]) ? json : [json]).map((row) => row.map((each) => readNumber(String(each))))
    : text
        .trim()
        .split(/\r?\n/)
        .map((line) =>
          line
            .trim()
            .split(/[\t,;\s]+/)
            .filter(Boolean)
            .map(readNumber),
        )
        .filter((row) => row.length);
  if (!rows.length || rows.flat().some(Number.isNaN)) throw new Error("there is something that is no number");
  return rows;
}
