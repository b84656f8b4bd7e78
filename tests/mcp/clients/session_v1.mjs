// A short session of the official TypeScript client, version 1; prints what it saw as one JSON object.
//
// Arguments: the folder of modules, the server's binary or its URL, and the era, of which this client knows one.

import { pathToFileURL } from "node:url";

const [modules, server] = process.argv.slice(2);
const from = (path) => import(pathToFileURL(`${modules}/@modelcontextprotocol/sdk/dist/esm/${path}`));
const { Client } = await from("client/index.js");
const { StdioClientTransport } = await from("client/stdio.js");
const { StreamableHTTPClientTransport } = await from("client/streamableHttp.js");

const client = new Client({ name: "suite", version: "0" });
const transport = server.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(server))
  : new StdioClientTransport({ command: server });
let protocolVersion;
const setProtocolVersion = transport.setProtocolVersion?.bind(transport);
transport.setProtocolVersion = (version) => {
  protocolVersion = version;
  setProtocolVersion?.(version);
};
await client.connect(transport);

const tools = await client.listTools();
const connections = await client.callTool({ name: "list_connections", arguments: {} });
const failed = await client.callTool({
  name: "execute_query",
  arguments: { sql: "SELECT 1", connection: "nowhere" },
});
const unknown = await client.callTool({ name: "no_such_tool", arguments: {} }).catch((error) => error.code);
console.log(JSON.stringify({
  protocolVersion,
  server: client.getServerVersion().name,
  firstTool: tools.tools[0].name,
  connections: connections.content[0].text,
  failed: failed.isError,
  failure: JSON.parse(failed.content[0].text),
  unknownTool: unknown,
}));
await client.close();
