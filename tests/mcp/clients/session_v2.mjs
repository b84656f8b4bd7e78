// A short session of the official TypeScript client, version 2; prints what it saw as one JSON object.
//
// Arguments: the folder of modules, the server's binary or its URL, and the era ("legacy" or "auto").

import { pathToFileURL } from "node:url";

const [modules, server, era] = process.argv.slice(2);
const from = (path) => import(pathToFileURL(`${modules}/@modelcontextprotocol/client/dist/${path}`));
const { Client, StreamableHTTPClientTransport } = await from("index.mjs");
const { StdioClientTransport } = await from("stdio.mjs");

const client = new Client({ name: "suite", version: "0" }, { versionNegotiation: { mode: era } });
await client.connect(server.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(server))
  : new StdioClientTransport({ command: server }));

const tools = await client.listTools();
const connections = await client.callTool({ name: "list_connections", arguments: {} });
const failed = await client.callTool({
  name: "execute_query",
  arguments: { sql: "SELECT 1", connection: "nowhere" },
});
const unknown = await client.callTool({ name: "no_such_tool", arguments: {} }).catch((error) => error.code);
console.log(JSON.stringify({
  protocolVersion: client.getNegotiatedProtocolVersion(),
  server: client.getServerVersion().name,
  firstTool: tools.tools[0].name,
  connections: connections.content[0].text,
  failed: failed.isError,
  failure: JSON.parse(failed.content[0].text),
  unknownTool: unknown,
}));
await client.close();
