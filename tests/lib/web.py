#!/usr/bin/env python3
"""Serves the current directory on a free port of 127.0.0.1, which is the first line of the output; each request is another: "PATH STATUS".

Files have an ETag of what is in them. /to/PATH redirects to /PATH; /endless redirects to itself; /broken ends before its length;
/private/… is for who shows the token "t0ken", as a bearer or as a password.
"""
import base64
import hashlib
import http.server
import os
import sys
import urllib.parse

TOKENS = ("Bearer t0ken", "Basic " + base64.b64encode(b"x-access-token:t0ken").decode())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        print(self.path, status, flush=True)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) + (self.path == "/broken")))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if path.startswith("/to/"):
            return self.answer(302, Location=self.path[len("/to"):])
        if path == "/endless":
            return self.answer(307, Location=path)
        if path == "/broken":
            self.close_connection = True
            return self.answer(200, b"a part")
        if path.startswith("/private/") and self.headers["Authorization"] not in TOKENS:
            return self.answer(401)
        name = os.path.join(".", path.lstrip("/"))
        if ".." in path or not os.path.isfile(name):
            return self.answer(404)
        with open(name, "rb") as file:
            body = file.read()
        etag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        if self.headers["If-None-Match"] == etag:
            return self.answer(304, ETag=etag)
        return self.answer(200, body, ETag=etag, Last_Modified=self.date_time_string(int(os.stat(name).st_mtime)))

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
sys.exit(server.serve_forever())
