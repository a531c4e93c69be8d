#!/usr/bin/env python3
"""hostile_registry.py LOG: a registry that does what the repository's name says, on a loopback port of 127.0.0.1, and somebody else,
on another one; the ports are the first line of the output. A line of LOG for each request: who was asked ("registry", "other"), for what, and the
Authorization and other headers that nobody should have sent.

All repositories have the image `latest`, of one small layer, and want the login anna:secret for it.
"""
import gzip
import hashlib
import http.server
import io
import json
import sys
import tarfile
import threading
import time

MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
BASIC = "Basic YW5uYTpzZWNyZXQ="
ESCAPES = "\x1b[31mred\x1b]0;title\x07\u009b2J"


def digest(data, algorithm="sha256"):
    return algorithm + ":" + hashlib.new(algorithm, data).hexdigest()


def layer():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("hello")
        info.size = 6
        archive.addfile(info, io.BytesIO(b"hello\n"))
    return out.getvalue()


LAYER = layer()
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(LAYER)]}}).encode()
OTHER_LAYER = LAYER.replace(b"hello\n", b"evil!\n")


def manifest(**changes):
    part = lambda kind, data: {"mediaType": "application/vnd.oci.image." + kind, "digest": digest(data), "size": len(data)}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": part("config.v1+json", CONFIG),
                       "layers": [part("layer.v1.tar", LAYER)], **changes}).encode()


BLOBS = {digest(data): data for data in (LAYER, CONFIG)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self):
        odd = [name for name in self.headers if name.lower().startswith("x-")]
        with self.server.lock:
            print(self.server.who, self.command, self.path, self.headers.get("Authorization", "-"), *odd, file=self.server.log, flush=True)

    def answer(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers and "Transfer_Encoding" not in headers:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def endless(self, begin=b"", **headers):
        """Until nobody listens, 64 MB at most, as fast as it is taken."""
        self.close_connection = True
        self.answer(200, begin, Transfer_Encoding="identity", Connection="close", **headers)
        try:
            for _ in range(1024):
                self.wfile.write(b" " * 65536)
        except OSError:
            return
        with self.server.lock:
            print(self.server.who, "all-of-it-was-taken", self.path, file=self.server.log, flush=True)

    def other(self, path="/taken"):
        return f"http://127.0.0.1:{self.server.other}{path}"

    def send_manifest(self, data, kind=MANIFEST, **headers):
        self.answer(200, data, Content_Type=kind, **headers)

    def get_manifest(self, name, reference):
        good = manifest()
        if name == "redirect-manifest":
            return self.answer(307, Location=self.other())
        if name == "endless-manifest":
            return self.endless(good[:-1], Content_Type=MANIFEST)
        if name == "wrong-type":
            return self.send_manifest(good, "text/html")
        if name == "confused":  # CVE-2021-41190: both, and which of them it is depends on who reads it
            part = {"mediaType": MANIFEST, "digest": digest(good), "size": len(good), "platform": {"os": "linux", "architecture": "amd64"}}
            return self.send_manifest(manifest(manifests=[part]), INDEX)
        if name == "untyped":
            part = {"mediaType": MANIFEST, "digest": digest(good), "size": len(good), "platform": {"os": "linux", "architecture": "amd64"}}
            return self.send_manifest(json.dumps({**json.loads(good), "mediaType": None, "manifests": [part]}).encode(), "application/json")
        if name == "wrong-header":
            return self.send_manifest(good, Docker_Content_Digest=digest(b"x"))
        if name == "odd-header":
            return self.send_manifest(good, Docker_Content_Digest="sha256:../../../../etc/passwd")
        if name == "weak-header":
            return self.send_manifest(good, Docker_Content_Digest="md5:" + hashlib.md5(good).hexdigest())
        if name == "pinned":  # whatever it is asked by
            return self.send_manifest(manifest(annotations={"evil": "yes"}))
        if name == "encoded":
            return self.send_manifest(gzip.compress(good + b" " * (64 << 20), 1), Content_Encoding="gzip")
        if name == "huge-size":
            part = json.loads(good)["layers"][0]
            return self.send_manifest(manifest(layers=[{**part, "size": 1 << 62}]))
        if name == "negative-size":
            part = json.loads(good)["layers"][0]
            return self.send_manifest(manifest(layers=[{**part, "size": -1}]))
        if name == "words":
            return self.answer(400, json.dumps({"errors": [{"code": "X", "message": ESCAPES + "\nbivy: done\n" + "a" * 100000}]}).encode())
        if name == "later":
            return self.answer(503, Retry_After="99999999")
        if name == "headers":
            return self.send_manifest(good, X_Long="a" * 60000)
        self.send_manifest(good)

    def get_blob(self, name, reference):
        data = BLOBS.get(reference)
        if data is None:
            return self.answer(404)
        if name.startswith("scheme-"):
            target = {"file": "file:///etc/passwd", "ftp": "ftp://127.0.0.1/", "gopher": "gopher://127.0.0.1:%d/x" % self.server.other,
                      "user": "http://a:b@127.0.0.1:%d/" % self.server.other, "nothing": "http://"}[name[7:]]
            return self.answer(302, Location=target)
        if data is CONFIG:
            return self.answer(200, data)
        if name == "redirect-blob":
            return self.answer(307, Location=self.other("/blob/" + reference))
        if name == "redirect-challenge":
            return self.answer(307, Location=self.other("/challenge/" + reference))
        if name == "endless-redirects":
            return self.answer(302, Location=self.path)
        if name == "endless-blob":
            return self.endless(data)
        if name == "other-blob":
            return self.answer(200, OTHER_LAYER)
        if name == "short-blob":
            return self.answer(200, data[:600])
        if name == "encoded-blob":
            return self.answer(200, gzip.compress(data), Content_Encoding="gzip")
        self.answer(200, data)

    def challenge(self, name):
        here = f"http://127.0.0.1:{self.server.server_port}"
        realm = {"realm-plain": "http://192.0.2.1/token", "realm-file": "file:///etc/passwd", "realm-endless": here + "/endless", "realm-line": here + "/line",
                 "realm-long": here + "/" + "a" * 30000, "realm-none": ""}.get(name)
        if realm is None:
            return self.answer(401, WWW_Authenticate='Basic realm="here"')
        self.answer(401, WWW_Authenticate=f'Bearer realm="{realm}",service="here"')

    def do_GET(self):
        self.note()
        if self.server.who == "other":
            if self.path.startswith("/challenge/"):
                return self.answer(401, WWW_Authenticate=f'Bearer realm="{self.server.here}/token"')
            return self.answer(200, BLOBS.get(self.path.split("/")[-1], b"{}"))
        if self.path.startswith("/endless"):
            return self.endless(b'{"token":"')
        if self.path.startswith("/line"):
            return self.answer(200, json.dumps({"token": "a\r\nX-Injected: yes"}).encode())
        parts = self.path.strip("/").split("/")
        if parts == ["v2"]:
            return self.answer(200)
        if len(parts) < 4:
            return self.answer(404)
        name = parts[1]
        if self.headers.get("Authorization") is None or name.startswith("realm-"):
            return self.challenge(name)
        if parts[2] == "manifests":
            return self.get_manifest(name, parts[3])
        if parts[2] == "blobs":
            return self.get_blob(name, parts[3])
        if parts[2] == "tags" and name == "next-elsewhere":
            return self.answer(200, b'{"tags":["one"]}', Link=f'<{self.other("/v2/x/tags/list")}>; rel="next"')
        if parts[2] == "tags":
            return self.answer(200, json.dumps({"tags": ["one", ESCAPES, "../../x"]}).encode())
        self.answer(404)

    do_HEAD = do_GET

    def do_POST(self):
        self.note()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") is None and self.server.who == "registry":
            return self.challenge("push")
        self.answer(202, Location=self.other("/upload"))

    def do_PUT(self):
        self.note()
        if self.headers.get("Content-Length"):
            self.rfile.read(int(self.headers["Content-Length"]))
        self.close_connection = True
        self.answer(401 if self.server.who == "other" else 201, WWW_Authenticate='Basic realm="here"', Location=self.other("/upload"))

    do_PATCH = do_PUT


def serve(who, log, lock):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.who, server.log, server.lock = who, log, lock
    server.here = f"http://127.0.0.1:{server.server_port}"
    return server


log, lock = open(sys.argv[1], "a"), threading.Lock()
registry, other = serve("registry", log, lock), serve("other", log, lock)
registry.other, other.other = other.server_port, registry.server_port
threading.Thread(target=other.serve_forever, daemon=True).start()
print(registry.server_port, other.server_port, flush=True)
registry.serve_forever()
