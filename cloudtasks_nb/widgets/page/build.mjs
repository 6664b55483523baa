// Bundles and minifies the page's sources into a folder: one script and one style sheet per panel.
// Usage: node build.mjs FOLDER

import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const page = dirname(fileURLToPath(import.meta.url));
const tools = createRequire(join(page, "../../../build/page/package.json")); // as `make page` installs them
const { buildSync } = tools("esbuild");

const [folder] = process.argv.slice(2);
const entries = readdirSync(page).filter((name) => /\.(js|css)$/.test(name));
const result = buildSync({
  absWorkingDir: page,
  entryPoints: entries,
  outdir: resolve(folder),
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "esm",
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
});
process.exitCode = result.warnings.length ? 1 : 0;
