// Makes grams.bin, by which languages of one script are told apart, out of the npm package eld
// (Efficient Language Detector, Nito T.M., Apache License 2.0). The package holds, for sixty
// languages, how much a piece of a word speaks for each; languages that their script gives
// away, and those that no fan community of ours writes, are left out.
//
// The file: the pieces in byte order, an empty line, then for each language one byte a piece;
// compressed by zlib.
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { deflateSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const eld = join(here, "..", "..", "node_modules", "eld");
const source = (file) => import(pathToFileURL(join(eld, "src", file)).href);
const { ngramsData } = await source("ngrams/large.js");
const { dictionary } = await source("dictionary.js");

// The languages of grams.py, in its order.
const python = await readFile(join(here, "grams.py"), "utf8");
const languages = ["LATIN", "CYRILLIC", "ARABIC", "DEVANAGARI"].flatMap((family) => {
  const [, names] = python.match(new RegExp(`^${family} = \\(([^)]*)\\)`, "m"));
  return [...names.matchAll(/"(\w+)"/g)].map(([, name]) => name);
});

// What the package subtracts from every number in its files.
const least = 53;
// It knows Malay and not Indonesian; of the two, fans write Indonesian.
const renamed = { ms: "id" };

const byteOf = new Map();
[...dictionary].forEach((char, code) => {
  if (code > 127 && char !== " ") byteOf.set(char, code);
});
const rows = [];
for (const [piece, scores] of Object.entries(ngramsData.ngrams)) {
  const row = Buffer.alloc(languages.length);
  for (const [number, score] of Object.entries(scores)) {
    const name = ngramsData.languages[number];
    const column = languages.indexOf(renamed[name] ?? name);
    if (column >= 0) row[column] = Math.min(255, score + least);
  }
  const bytes = Buffer.from([...piece].map((char) => byteOf.get(char) ?? char.codePointAt(0)));
  if (bytes.includes(10) || bytes.length < 1 || bytes.length > 6) {
    throw new Error("a piece holds a line break or has another length than expected");
  }
  if (row.some((score) => score > 0)) rows.push([bytes, row]);
}
rows.sort(([one], [other]) => Buffer.compare(one, other));

const lines = rows.flatMap(([bytes]) => [bytes, Buffer.from("\n")]);
const columns = languages.map((_, column) => Buffer.from(rows.map(([, row]) => row[column])));
const table = Buffer.concat([...lines, Buffer.from("\n"), ...columns]);
await writeFile(join(here, "grams.bin"), deflateSync(table, { level: 9 }));
await copyFile(join(eld, "LICENSE"), join(here, "grams.LICENSE"));
console.log(`language table: ${rows.length} pieces in detect/language/grams.bin`);
