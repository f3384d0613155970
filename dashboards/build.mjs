// Builds the console into dist/. Files that did not change are not touched, so that cargo does not build again.
import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const how = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: ["es2022", "chrome109", "firefox115", "safari16"],
  jsx: "automatic",
  jsxImportSource: "preact",
  // Leaflet's pictures are small; its layers control, which has them, is not used, but its style names them.
  loader: { ".png": "dataurl" },
  legalComments: "eof",
  outdir: "dist",
  write: false,
  logLevel: "warning",
};
const made = [
  // Who does not write rules does not wait for their editor: the console asks for it when it is needed.
  await build({ ...how, entryPoints: { console: "console/main.tsx" }, format: "iife", external: ["/editor.js"] }),
  await build({ ...how, entryPoints: { editor: "console/editor.ts" }, format: "esm" }),
];
const files = made.flatMap((one) => one.outputFiles).map((file) => [file.path, file.contents]);
files.push([join(here, "dist/index.html"), await readFile(join(here, "console/index.html"))]);

await mkdir(join(here, "dist"), { recursive: true });
for (const [path, contents] of files) {
  const before = await readFile(path).catch(() => undefined);
  if (!before || Buffer.compare(before, Buffer.from(contents)) !== 0) await writeFile(path, contents);
}
