#!/usr/bin/env node
// Finds the binary of this system, which is a package of its own, and becomes as good as it: the same streams, signals
// and exit code.
"use strict";

const { spawn } = require("node:child_process");

const name = `@portolan-mcp/${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "portolan.exe" : "portolan";

/** The path of the binary; PORTOLAN_BINARY names another. */
function binary() {
  if (process.env.PORTOLAN_BINARY) return process.env.PORTOLAN_BINARY;
  try {
    return require.resolve(`${name}/bin/${file}`);
  } catch {
    console.error(
      `portolan: the package ${name} is not installed. Either there is no binary for this system, or optional ` +
        "packages were left out: install again with --include=optional, or build with `cargo install portolan`.",
    );
    process.exit(127);
  }
}

const child = spawn(binary(), process.argv.slice(2), { stdio: "inherit", windowsHide: true });

// The terminal sends its signals to both; others come to us alone.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("error", (error) => {
  console.error(`portolan: the binary cannot be started: ${error.message}`);
  process.exit(126);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  for (const handled of ["SIGTERM", "SIGINT", "SIGHUP"]) process.removeAllListeners(handled);
  process.kill(process.pid, signal);
});
