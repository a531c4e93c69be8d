"""buildkit.py SOCKET call METHOD
   buildkit.py SOCKET build DIRECTORY [KEY=VALUE…]
   buildkit.py SOCKET raw

A client of BuildKit's protocol, small enough to misbehave. `call` prints the
status of a call with an empty message, its message, and what texts are in the
answer; `build` has the directory for its context, KEY=VALUE are options of the
frontend, or "secret:ID=…", "output:KIND=FILE", "cancel:TEXT=" (given up as soon
as a log has TEXT), "rename:PATH=PATH" (what it is told to be). It prints what
comes: vertices, logs, the result. `raw` sends the standard input on a connection that
has become HTTP/2, and prints whether that is closed.
"""
import fnmatch
import os
import socket
import stat
import sys
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions


def tell(*words):
    """A line, whole: several threads tell what they see."""
    os.write(1, (" ".join(str(word) for word in words) + "\n").encode())


# ---- protocol buffers

def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def pair(number, key, value):
    return field(number, field(1, key) + field(2, value))


def fields(message):
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(message):
        tag = number()
        if tag & 7 == 0:
            yield tag >> 3, number()
        else:
            length = number()
            yield tag >> 3, message[at:at + length]
            at += length


def first(message, wanted, default=b""):
    return next((value for key, value in fields(message) if key == wanted), default)


# ---- HTTP/2

def upgrade(path, headers=()):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    lines = [f"POST {path} HTTP/1.1", "Host: d", "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 0", *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        byte = connection.recv(1)
        if not byte:
            sys.exit("closed")
        head += byte
    if not head.startswith(b"HTTP/1.1 101 "):
        sys.exit(head.split(b"\r\n")[0].decode())
    return connection


class Peer:
    """One connection; calls are by number of their stream."""

    def __init__(self, connection, is_client):
        self.socket = connection
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=is_client, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.parts = {}
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def send(self, stream, message):
        self.h2.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message)
        self.flush()

    def finish(self, stream, code=0, text=""):
        self.h2.send_headers(stream, [("grpc-status", str(code)), ("grpc-message", text)], end_stream=True)
        self.flush()

    def events(self):
        while True:
            data = self.socket.recv(65536)
            if not data:
                return
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                yield event
            self.flush()

    def messages(self, event):
        part = self.parts.get(event.stream_id, b"") + event.data
        while len(part) >= 5 and len(part) - 5 >= int.from_bytes(part[1:5], "big"):
            length = int.from_bytes(part[1:5], "big")
            yield part[5:5 + length]
            part = part[5 + length:]
        self.parts[event.stream_id] = part

    def call(self, method, message, metadata=()):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "d"),
                                      ("content-type", "application/grpc"), ("te", "trailers"), *metadata])
        self.h2.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message, end_stream=True)
        self.flush()
        return stream


# ---- the session

class Session(Peer):
    def __init__(self, directory, settings):
        super().__init__(upgrade("/session", ["X-Docker-Expose-Session-Uuid: " + SESSION]), False)
        self.directory, self.settings = directory, settings
        self.files, self.methods, self.sinks = {}, {}, {}
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            for event in self.events():
                if isinstance(event, h2.events.RequestReceived):
                    self.begin(event.stream_id, event.headers)
                elif isinstance(event, h2.events.DataReceived):
                    for message in self.messages(event):
                        self.take(event.stream_id, message)
                elif isinstance(event, h2.events.StreamEnded) and self.methods.get(event.stream_id, "").endswith("FileSend/DiffCopy"):
                    with open(self.settings["output"], "wb") as file:
                        file.write(self.sinks[event.stream_id])
                    self.finish(event.stream_id)
        except (OSError, h2.exceptions.StreamClosedError):
            pass

    def begin(self, stream, headers):
        self.methods[stream] = dict(headers)[":path"]
        self.sinks[stream] = b""
        self.h2.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        if self.methods[stream].endswith("FileSync/DiffCopy"):
            self.send_files(stream, headers)

    def send_files(self, stream, headers):
        includes = [value for key, value in headers if key == "include-patterns"]
        excludes = [value for key, value in headers if key == "exclude-patterns"]
        tell("asks for", dict(headers)["dir-name"], *includes, *["!" + name for name in excludes])
        number = 0
        for parent, directories, names in os.walk(self.directory):
            directories.sort()
            for name in sorted(names + directories):
                path = os.path.join(parent, name)
                inside = os.path.relpath(path, self.directory)
                if includes and inside not in includes or any(fnmatch.fnmatch(inside, pattern) for pattern in excludes):
                    continue
                status = os.lstat(path)
                mode = status.st_mode & 0o777 | (1 << 31 if stat.S_ISDIR(status.st_mode) else 1 << 27 if stat.S_ISLNK(status.st_mode) else 0)
                text = field(1, self.settings.get("rename", {}).get(inside, inside)) + field(2, mode) + field(5, status.st_size) + field(6, status.st_mtime_ns)
                if stat.S_ISLNK(status.st_mode):
                    text += field(7, os.readlink(path))
                self.files[stream, number] = path
                self.send(stream, field(2, text))
                number += 1
        self.send(stream, b"")

    def take(self, stream, message):
        method = self.methods[stream]
        if method.endswith("FileSync/DiffCopy"):
            kind, number = first(message, 1, 0), first(message, 3, 0)
            if kind == 1:
                with open(self.files[stream, number], "rb") as file:
                    while data := file.read(16384):
                        self.send(stream, field(1, 2) + field(3, number) + field(4, data))
                self.send(stream, field(1, 2) + field(3, number))
            elif kind == 3:
                self.send(stream, field(1, 3))
                self.finish(stream)
        elif method.endswith("FileSend/DiffCopy"):
            self.sinks[stream] += first(message, 1)
        elif method.endswith("Secrets/GetSecret") and first(message, 1).decode() in self.settings["secrets"]:
            self.send(stream, field(1, self.settings["secrets"][first(message, 1).decode()]))
            self.finish(stream)
        else:
            self.finish(stream, 5, "there is none")


# ---- commands

def show_status(message):
    for kind, part in fields(message):
        if kind == 1:
            tell("vertex", first(part, 3).decode(), "cached" if first(part, 4, 0) else "done" if first(part, 6) else "begins")
        elif kind == 3:
            tell("log", first(part, 4).decode().rstrip("\n"))
        elif kind == 4:
            tell("warning", first(part, 3).decode())


def build(directory, options):
    settings = {"secrets": {}, "rename": {}}
    request = field(1, "ref1") + field(5, SESSION) + field(6, "dockerfile.v0")
    cancels = None
    output = pair(2, "name", "made"), "moby"
    for key, value in (option.split("=", 1) for option in options):
        if key.startswith("secret:"):
            settings["secrets"][key[7:]] = value
        elif key.startswith("rename:"):
            settings["rename"][key[7:]] = value
        elif key.startswith("output:"):
            output, settings["output"] = (b"", key[7:]), value
        elif key.startswith("cancel:"):
            cancels = key[7:]
        elif key == "frontend":
            request += field(6, value)
        else:
            request += pair(7, key, value)
    request += field(13, field(1, output[1]) + output[0])
    session = Session(directory, settings)
    peer = Peer(upgrade("/grpc"), True)
    status = peer.call("/moby.buildkit.v1.Control/Status", field(1, "ref1"))
    solve = peer.call("/moby.buildkit.v1.Control/Solve", request)
    ended = set()
    for event in peer.events():
        if isinstance(event, h2.events.DataReceived):
            for message in peer.messages(event):
                if event.stream_id == status:
                    show_status(message)
                    if cancels and any(kind == 3 and cancels.encode() in part for kind, part in fields(message)):
                        os._exit(0)
                else:
                    for _, result in fields(message):
                        tell("result", first(result, 1).decode(), first(result, 2).decode())
        elif isinstance(event, h2.events.TrailersReceived):
            trailers = dict(event.headers)
            if event.stream_id == solve:
                tell("status", trailers["grpc-status"], trailers.get("grpc-message", ""))
            ended.add(event.stream_id)
            if ended == {status, solve}:
                session.socket.shutdown(socket.SHUT_RDWR)
                return


def call(method):
    peer = Peer(upgrade("/grpc"), True)
    stream = peer.call(method, b"")
    for event in peer.events():
        if isinstance(event, h2.events.DataReceived):
            for message in peer.messages(event):
                tell("".join(chr(c) if 32 <= c < 127 else " " for c in message))
        elif isinstance(event, h2.events.TrailersReceived) and event.stream_id == stream:
            trailers = dict(event.headers)
            tell("status", trailers["grpc-status"], trailers.get("grpc-message", ""))
            return
        elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
            tell("reset")
            return


def raw():
    connection = upgrade("/grpc")
    connection.settimeout(5)
    try:
        connection.sendall(sys.stdin.buffer.read())
        while connection.recv(65536):
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass
    tell("closed")


SESSION = "s" + str(os.getpid())
if sys.argv[2] == "call":
    call(sys.argv[3])
elif sys.argv[2] == "raw":
    raw()
else:
    build(sys.argv[3], sys.argv[4:])
