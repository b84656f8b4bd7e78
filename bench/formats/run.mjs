// What each format of an answer costs a model: asks the built server for results of its demo database in every
// format, and prints the tokens of the answer's text, per cell, as Markdown.
//
//   npm install --no-package-lock --prefix bench/formats && node bench/formats/run.mjs target/debug/portolan
//
// Both vocabularies come with their packages; nothing is downloaded while it runs. The one of Claude is old: no newer
// one comes in a package.
import { execFileSync } from "node:child_process";
import { countTokens as claude } from "@anthropic-ai/tokenizer";
import { countTokens as o200k } from "gpt-tokenizer/encoding/o200k_base";

const FORMATS = ["json", "objects", "csv", "markdown"];
const VOCABULARIES = { o200k_base: o200k, "Claude 2": claude };

// Each with its rows and columns, and its statement.
const RESULTS = [
  ["one row of 5", "SELECT id, first_name, last_name, city, country FROM customers WHERE id = 7"],
  [
    "20 rows of 3, counted",
    "SELECT city, count(*) AS customers, min(joined_on) AS first FROM customers GROUP BY city ORDER BY 2 DESC LIMIT 20",
  ],
  ["orders: 200 of 11", "SELECT * FROM orders ORDER BY id LIMIT 200"],
  [
    "wide: 100 of 23",
    "SELECT o.*, c.* FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 100",
  ],
  [
    "text: 100 of 4",
    "SELECT name, 'Says \"' || name || '\", and is sold,\nsince ' || launched_on AS remark, sku, attributes FROM products ORDER BY id LIMIT 100",
  ],
  ["numbers: 300 of 5", "SELECT * FROM order_items ORDER BY order_id, line LIMIT 300"],
  [
    "mostly NULL: 300 of 5",
    "SELECT id, shipped_at, note, employee_id, CASE WHEN id % 50 = 0 THEN id END AS mark FROM orders WHERE shipped_at IS NULL ORDER BY id LIMIT 300",
  ],
];

const [server] = process.argv.slice(2);
if (!server) {
  console.error("usage: node run.mjs PATH_OF_PORTOLAN");
  process.exit(2);
}

function answer(sql, format) {
  const call = { connection: "demo", sql, format, maxBytes: 1_000_000 };
  const text = execFileSync(server, ["call", "--demo", "execute_query", JSON.stringify(call)], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, MCP_LOG_LEVEL: "error" },
  }).trim();
  const told = JSON.parse(text);
  if (told.truncated || !told.rowCount) throw new Error(`${sql}: ${text.slice(0, 200)}`);
  return { text, cells: told.rowCount * told.columns.length };
}

for (const [vocabulary, count] of Object.entries(VOCABULARIES)) {
  console.log(`\n${vocabulary}, tokens per cell:\n`);
  console.log(`| result | cells | ${FORMATS.join(" | ")} |`);
  console.log(`|---|---:|${FORMATS.map(() => "---:|").join("")}`);
  const all = Object.fromEntries(FORMATS.map((format) => [format, 0]));
  for (const [name, sql] of RESULTS) {
    const row = FORMATS.map((format) => {
      const { text, cells } = answer(sql, format);
      const perCell = count(text) / cells;
      all[format] += perCell / RESULTS.length;
      return { cells, perCell };
    });
    const figures = row.map(({ perCell }) => perCell.toFixed(2)).join(" | ");
    console.log(`| ${name} | ${row[0].cells} | ${figures} |`);
  }
  console.log(`| mean | | ${FORMATS.map((format) => all[format].toFixed(2)).join(" | ")} |`);
}
