"""A session of the official Python client that is traced by OpenTelemetry's SDK; prints its own spans.

Arguments: the server's binary, and the URL of a collector for the server.
"""

import asyncio
import json
import sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

import mcp  # noqa: E402  (after the provider that it asks for)
from mcp import StdioServerParameters  # noqa: E402


async def main(server: str, collector: str) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_BSP_SCHEDULE_DELAY": "20"}
    target = StdioServerParameters(command=server, env=environment)
    async with mcp.Client(target) as client:
        with trace.get_tracer("test").start_as_current_span("work"):
            await client.call_tool("list_connections", {})
    print(json.dumps([
        {
            "name": span.name,
            "trace": f"{span.context.trace_id:032x}",
            "span": f"{span.context.span_id:016x}",
        }
        for span in exporter.get_finished_spans()
    ]))


asyncio.run(main(*sys.argv[1:]))
