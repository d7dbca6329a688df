// Copies what the pages use from node_modules into static/vendor, with its licences.
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(fileURLToPath(import.meta.url));
const modules = join(web, "..", "..", "node_modules");
const vendor = join(web, "static", "vendor");

const wanted = [
  { from: "uplot/dist/uPlot.esm.js", to: "uplot.js" },
  { from: "uplot/dist/uPlot.min.css", to: "uplot.css" },
  { from: "uplot/LICENSE", to: "uplot.LICENSE" },
];

await rm(vendor, { recursive: true, force: true });
await mkdir(vendor, { recursive: true });
const manifest = {};
for (const { from, to } of wanted) {
  await copyFile(join(modules, from), join(vendor, to));
  const bytes = await readFile(join(vendor, to));
  manifest[to] = createHash("sha256").update(bytes).digest("hex");
}
const { version } = JSON.parse(await readFile(join(modules, "uplot", "package.json"), "utf8"));
await writeFile(
  join(vendor, "manifest.json"),
  `${JSON.stringify({ uplot: version, sha256: manifest }, null, 2)}\n`,
);
console.log(`web scripts: uPlot ${version} in dashboards/web/static/vendor`);
