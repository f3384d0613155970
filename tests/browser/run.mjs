// All browser tests, one after the other in one browser.
import { after } from "node:test";
import { close } from "./browser.mjs";

after(close);
await import("./citizen.mjs");
await import("./console.mjs");
await import("./desk.mjs");
await import("./map.mjs");
