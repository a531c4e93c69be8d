#!/usr/bin/env python3
"""An image for two platforms, and a registry for it that misbehaves as the repository's name says.

usage: registry.py make DIR [BYTES]… writes the image's blobs to DIR, by their digits, and "latest", its index, and "about", an
                                     artifact about it; BYTES is the size of its large layer, 2000000, of which there are as many
                                     as sizes are given
       registry.py serve DIR LOG     serves it on a loopback port, which is printed; a line of LOG per request for a blob

Repositories: "good" is; "break" sends half of a large blob the first time and says 404 the second; "cut" breaks off a large
blob in each answer, but goes on where it is asked to; "lie" sends a large blob with another last byte.
"""

import gzip
import hashlib
import http.server
import io
import json
import os
import sys
import tarfile
import threading

LARGE = 1000000


def make(directory, sizes):
    def put(data, name=None):
        digits = hashlib.sha256(data).hexdigest()
        for path in {digits, name or digits}:
            with open(os.path.join(directory, path), "wb") as file:
                file.write(data)
        return {"digest": "sha256:" + digits, "size": len(data)}

    def layer(name, content):
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        diff = "sha256:" + hashlib.sha256(plain.getvalue()).hexdigest()
        return diff, {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                      **put(gzip.compress(plain.getvalue(), 1, mtime=0))}

    layers = [layer("etc/hello", b"hello\n"), *(layer(f"noise{i}", os.urandom(size)) for i, size in enumerate(sizes)),
              layer("etc/bye", b"bye\n")]
    manifests = []
    for architecture in "amd64", "arm64":
        config = {"os": "linux", "architecture": architecture, "config": {"Env": ["A=b"], "Labels": {"who": architecture}},
                  "rootfs": {"type": "layers", "diff_ids": [diff for diff, _ in layers]}}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **put(json.dumps(config).encode())},
                    "layers": [blob for _, blob in layers]}
        manifests.append({"mediaType": manifest["mediaType"], **put(json.dumps(manifest).encode()),
                          "platform": {"os": "linux", "architecture": architecture}})
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
    index = put(json.dumps(index).encode(), "latest")
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", **put(b"{}")}
    about = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": "application/x-word",
             "config": empty, "layers": [{"mediaType": "text/plain", **put(b"it is good")}],
             "subject": {"mediaType": "application/vnd.oci.image.index.v1+json", **index}}
    put(json.dumps(about).encode(), "about")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", sent=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if sent is None else body[:sent])
        if sent is not None:
            self.close_connection = True

    def send_blob(self, repository, data):
        start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        large = len(data) > LARGE
        with self.server.lock:
            print(repository, len(data), start, file=self.server.log, flush=True)
            breaks = large and repository == "break" and self.server.breaks > 0
            self.server.breaks -= breaks
        if large and repository == "lie":
            data = data[:-1] + bytes([data[-1] ^ 1])
        if breaks and start:
            return self.reply(404)
        sent = LARGE if breaks or (large and repository == "cut" and len(data) - start > LARGE) else None
        status = 206 if start else 200
        self.reply(status, data[start:], sent, Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        if parts == ["v2"]:
            return self.reply(200)
        path = os.path.join(self.server.directory, parts[-1].replace("sha256:", ""))
        if len(parts) != 4 or not os.path.exists(path):
            return self.reply(404)
        with open(path, "rb") as file:
            data = file.read()
        if parts[2] == "blobs":
            return self.send_blob(parts[1], data)
        self.reply(200, data, Content_Type=json.loads(data)["mediaType"],
                   Docker_Content_Digest="sha256:" + hashlib.sha256(data).hexdigest())

    do_HEAD = do_GET


def serve(directory, log):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.directory, server.log, server.lock, server.breaks = directory, open(log, "a"), threading.Lock(), 2
    print(server.server_port, flush=True)
    server.serve_forever()


if len(sys.argv) >= 3 and sys.argv[1] == "make":
    make(sys.argv[2], [int(size) for size in sys.argv[3:]] or [2 * LARGE])
elif len(sys.argv) == 4 and sys.argv[1] == "serve":
    serve(sys.argv[2], sys.argv[3])
else:
    sys.exit(__doc__)
