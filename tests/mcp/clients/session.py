"""A short session of the official Python client; prints what it saw as one JSON object.

Arguments: the server's binary or its URL, and the era ("legacy", "auto" or a revision).
"""

import asyncio
import json
import sys

import mcp
from mcp import StdioServerParameters


async def main(server: str, era: str) -> None:
    target = server if server.startswith("http") else StdioServerParameters(command=server)
    async with mcp.Client(target, mode=era) as client:
        tools = await client.list_tools()
        connections = await client.call_tool("list_connections", {})
        failed = await client.call_tool("execute_query", {"sql": "SELECT 1", "connection": "nowhere"})
        try:
            await client.call_tool("no_such_tool", {})
            unknown = None
        except mcp.MCPError as error:
            unknown = error.code
        print(json.dumps({
            "protocolVersion": client.protocol_version,
            "server": client.server_info and client.server_info.name,
            "firstTool": tools.tools[0].name,
            "connections": connections.content[0].text,
            "failed": failed.is_error,
            "failure": json.loads(failed.content[0].text),
            "unknownTool": unknown,
        }))


asyncio.run(main(*sys.argv[1:]))
