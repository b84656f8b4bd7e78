// Draws the Mermaid text of standard input, and prints what the picture holds.
//
// node mermaid.mjs NODE_MODULES < diagram

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const modules = process.argv[2];
const require = createRequire(pathToFileURL(join(modules, "of-them.js")));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { JSDOM } = await load("jsdom");

// jsdom lays nothing out. Whoever asks how large something is gets what a fixed font would make of its text.
const dom = new JSDOM("<!DOCTYPE html><body></body>", { url: "http://localhost/" });
const { window } = dom;
const box = (element) => ({ x: 0, y: 0, left: 0, top: 0, width: 8 * element.textContent.length + 4, height: 20 });
window.Element.prototype.getBBox = function () { return box(this); };
window.Element.prototype.getBoundingClientRect = function () { return box(this); };
window.Element.prototype.getComputedTextLength = function () { return box(this).width; };
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}
globalThis.window = window;

const { default: mermaid } = await load("mermaid");
// As GitHub and most others have it.
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
const { svg, diagramType } = await mermaid.render("drawn", readFileSync(0, "utf8"));

const picture = new window.DOMParser().parseFromString(svg, "text/html");
const texts = (selector) => [...picture.querySelectorAll(selector)].map((found) => found.textContent.trim());
console.log(JSON.stringify({
  kind: diagramType,
  // A table without columns is nothing but its name.
  tables: [...picture.querySelectorAll("g.node")].map((node) =>
    (node.querySelector(".label.name") ?? node).textContent.trim()),
  columns: texts("g.node .label.attribute-name").filter((name) => name !== ""),
  edges: picture.querySelectorAll("path.relationshipLine").length,
  labels: texts("g.edgeLabels span.edgeLabel"),
  hasScript: picture.querySelector("script, [onclick], [onload]") !== null,
}));
