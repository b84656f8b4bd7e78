"""Stands in for Grafana's HTTP API, as its documentation has it; prints its port.

Arguments: where it is below the server's root (""), and what is there already, as JSON: "sources", "folders" and
"dashboards" by uid; "races": every dashboard is changed by somebody else between being looked at and being saved.
The key "admin" may do everything, "viewer" may look, and no other is known.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT, GIVEN = sys.argv[1], json.loads(sys.argv[2])
SOURCES, FOLDERS, DASHBOARDS = (GIVEN.get(kind, {}) for kind in ("sources", "folders", "dashboards"))
WRITES = []


class Grafana(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.route()

    def do_POST(self):
        self.route()

    def do_PUT(self):
        self.route()

    def route(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/_state":
            return self.answer(200, {"sources": SOURCES, "folders": FOLDERS, "dashboards": DASHBOARDS, "writes": WRITES})
        if not self.path.startswith(ROOT + "/api/"):
            return self.answer(404, None)
        path = self.path[len(ROOT):]
        if path == "/api/health":
            return self.answer(200, {"database": "ok", "version": "12.2.0"})
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if key not in ("admin", "viewer"):
            return self.answer(401, {"message": "Invalid API key"})
        if self.command != "GET":
            if key == "viewer":
                message = "You'll need additional permissions to perform this action."
                return self.answer(403, {"accessErrorId": "ACE1", "message": message, "title": "Access denied"})
            WRITES.append(f"{self.command} {path}")
        kind, uid = path.rsplit("/", 1)
        wanted = json.loads(body) if body else None
        match self.command, kind:
            case "GET", "/api/datasources/uid":
                self.one(SOURCES, uid, "Data source not found")
            case "GET", "/api/folders":
                self.one(FOLDERS, uid, "folder not found")
            case "GET", "/api/dashboards/uid":
                self.one(DASHBOARDS, uid, "Dashboard not found")
                if GIVEN.get("races") and uid in DASHBOARDS:
                    DASHBOARDS[uid]["dashboard"]["version"] += 1
            case "POST", "/api":
                if uid == "datasources":
                    self.make_source(wanted)
                else:
                    FOLDERS[wanted["uid"]] = wanted | {"id": 7, "version": 1}
                    self.answer(200, FOLDERS[wanted["uid"]])
            case "PUT", "/api/datasources/uid":
                if SOURCES[uid].get("version") != wanted.get("version"):
                    return self.answer(409, {"message": "Datasource has already been updated by someone else."})
                SOURCES[uid] = wanted | {"version": wanted["version"] + 1}
                self.answer(200, {"datasource": SOURCES[uid], "message": "Datasource updated"})
            case "POST", "/api/dashboards":
                self.save(wanted)

    def one(self, things, uid, missing):
        if uid in things:
            self.answer(200, things[uid])
        else:
            self.answer(404, {"message": missing})

    def make_source(self, wanted):
        if any(source["name"] == wanted["name"] for source in SOURCES.values()):
            return self.answer(409, {"message": "data source with the same name already exists"})
        SOURCES[wanted["uid"]] = wanted | {"id": 3, "version": 1, "readOnly": False, "jsonData": {}}
        self.answer(200, {"datasource": SOURCES[wanted["uid"]], "id": 3, "message": "Datasource added"})

    def save(self, wanted):
        dashboard, folder = wanted["dashboard"], wanted["folderUid"]
        if folder not in FOLDERS:
            return self.answer(400, {"message": "folder not found"})
        uid, there = dashboard["uid"], DASHBOARDS.get(dashboard["uid"])
        if there and there["dashboard"]["version"] != dashboard["version"] and not wanted["overwrite"]:
            message = "The dashboard has been changed by someone else"
            return self.answer(412, {"message": message, "status": "version-mismatch"})
        version = there["dashboard"]["version"] + 1 if there else 1
        DASHBOARDS[uid] = {
            "dashboard": dashboard | {"id": 11, "version": version},
            "meta": {"folderUid": folder, "provisioned": False, "version": version},
        }
        self.answer(200, {"uid": uid, "id": 11, "status": "success", "version": version, "url": f"/d/{uid}"})

    def answer(self, status, body):
        text = b"<html>nothing here</html>" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if body is None else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Grafana)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
