// Builds src/crosslift/explorer/page/page.html: one file with its style, script and three placeholders.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, "../src/crosslift/explorer/page/page.html");
const reportStyle = resolve(here, "../src/crosslift/reports/templates/report.css");
const SOURCES = ["build.mjs", "package.json", "package-lock.json", "tsconfig.json"];

// The variables of the report's style come before its first rule: both pages look alike.
const variables = () => readFileSync(reportStyle, "utf8").split("* {")[0];
const sha256 = (text, encoding) => createHash("sha256").update(text).digest(encoding);

function filesOf(path) {
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const inside = join(path, entry.name);
    return entry.isDirectory() ? filesOf(inside) : [inside];
  });
}

// The hash by which a test sees that the built page is that of these sources.
function sourcesHash() {
  const paths = [...filesOf(join(here, "src")), ...SOURCES.map((name) => join(here, name))];
  const hash = createHash("sha256");
  for (const path of paths.map((each) => relative(here, each).split(sep).join("/")).sort())
    hash.update(`${path}\0`).update(readFileSync(join(here, path))).update("\0");
  return hash.update(variables()).digest("hex");
}

const bundle = await build({
  entryPoints: [join(here, "src/main.ts")], bundle: true, minify: true, write: false,
  format: "iife", target: "es2022", charset: "utf8", legalComments: "inline",
});
const script = bundle.outputFiles[0].text.trim();
const sheet = variables() + readFileSync(join(here, "src/style.css"), "utf8");
const css = await transform(sheet, { loader: "css", minify: true });
const style = css.code.trim();
const parts = {
  "style-hash": sha256(style, "base64"), "script-hash": sha256(script, "base64"),
  sources: sourcesHash(),
  style, script,
};
const page = readFileSync(join(here, "src/template.html"), "utf8")
  .replace(/\{(style-hash|script-hash|sources|style|script)\}/g, (_, name) => parts[name]);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, page);
console.log(`${relative(process.cwd(), out)}: ${(page.length / 1024).toFixed(0)} KiB`);
