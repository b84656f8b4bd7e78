// The TypeScript SDK with credentials of its own and the address of a server: node sign_in.mjs NODE_MODULES URL
import { pathToFileURL } from 'node:url';

const [modules, url] = process.argv.slice(2);
const of = (file) => import(pathToFileURL(`${modules}/@modelcontextprotocol/sdk/dist/esm/client/${file}.js`));
const { Client } = await of('index');
const { StreamableHTTPClientTransport } = await of('streamableHttp');
const { ClientCredentialsProvider } = await of('auth-extensions');

const authProvider = new ClientCredentialsProvider({ clientId: 'ci', clientSecret: 'secret' });
const client = new Client({ name: 'suite', version: '0' });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider }));
const { tools } = await client.listTools();
console.log(JSON.stringify({ firstTool: tools[0].name }));
await client.close();
