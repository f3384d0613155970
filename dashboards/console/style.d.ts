declare module "*.css";
// A file of its own, built from editor.ts; see build.mjs.
declare module "*editor.js";
