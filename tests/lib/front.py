"""front.py BIVY_HTTP [CERTIFICATES]: what bivy-http does with clients that take their time, or speak nonsense.

We are its bivy-server: each request is answered by what its path asks for. With CERTIFICATES, a directory with ca.pem, cert.pem and
key.pem, clients come over TLS, else over a unix socket. Its times are a second each, its connections few. Prints a line a fault.
"""
import array
import os
import select
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

LIMIT = 20
faults = 0


def complain(text):
    global faults
    faults += 1
    print(text)


class Front:
    """bivy-http, and the calls that it makes."""

    def __init__(self, program, certificates):
        self.certificates = certificates
        self.listener = socket.socket(socket.AF_INET if certificates else socket.AF_UNIX)
        self.directory = tempfile.TemporaryDirectory()
        self.listener.bind(("127.0.0.1", 0) if certificates else f"{self.directory.name}/s")
        self.listener.listen(512)
        self.broker, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [program, "serve", "--broker", str(theirs.fileno()), "--head-timeout", "1", "--quiet-timeout", "1", "--connection-limit", str(LIMIT)]
        if certificates:
            arguments += ["--tlscacert", f"{certificates}/ca.pem", "--tlscert", f"{certificates}/cert.pem", "--tlskey", f"{certificates}/key.pem"]
        self.process = subprocess.Popen([*arguments, str(self.listener.fileno())], pass_fds=[theirs.fileno(), self.listener.fileno()])
        theirs.close()
        self.ended = []   # paths whose call has ended, and how
        threading.Thread(target=self.take_calls, daemon=True).start()

    def take_calls(self):
        while True:
            packet, control, _, _ = self.broker.recvmsg(65536, socket.CMSG_LEN(4))
            if not packet:
                return
            fds = array.array("i")
            for _, _, data in control:
                fds.frombytes(data[:4])
            call = socket.socket(fileno=fds[0])
            threading.Thread(target=self.answer, args=(call, packet.split(b"\0")[1].decode()), daemon=True).start()

    def reply(self, call, status, body=None):
        rest = struct.pack("<IIQ", status, 2 if body is not None else 0, len(body or b"")) + b"Content-Type\0text/plain\0"
        call.sendall(struct.pack("<I", len(rest)) + rest + (body or b""))

    def answer(self, call, path):
        body = b""
        try:
            if path.startswith("/wait"):
                self.reply(call, 200)
                wait = select.poll()
                wait.register(call, 0)  # its end, not that of the request's body
                wait.poll()
            elif path.startswith("/stream"):
                self.reply(call, 200)
                while True:
                    call.sendall(b"x" * 65536)
            else:
                while more := call.recv(65536):
                    body += more
                self.reply(call, 200, b"%d" % len(body))
        except OSError:
            pass
        self.ended.append(path)
        call.close()

    def connect(self):
        if not self.certificates:
            client = socket.socket(socket.AF_UNIX)
            client.connect(self.listener.getsockname())
            client.settimeout(10)
            return client
        client = socket.socket()
        client.connect(self.listener.getsockname())
        client.settimeout(10)
        context = ssl.create_default_context(cafile=f"{self.certificates}/ca.pem")
        context.load_cert_chain(f"{self.certificates}/cert.pem", f"{self.certificates}/key.pem")
        return context.wrap_socket(client, server_hostname="127.0.0.1")


def read_all(client):
    data = b""
    try:
        while more := client.recv(65536):
            data += more
    except OSError:
        pass
    return data


def say(client, data):
    """Whether it could be said."""
    try:
        client.sendall(data)
        return True
    except OSError:
        return False


def is_answered(front):
    begin = time.monotonic()
    with front.connect() as client:
        client.sendall(b"POST /count HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc")
        data = read_all(client)
    if not data.startswith(b"HTTP/1.1 200") or not data.endswith(b"\r\n\r\n3"):
        complain(f"a client among others is told {data!r}")
    if time.monotonic() - begin > 3:
        complain("a client among others had to wait")


def is_closed(what, client, seconds, drip=b""):
    """That the other end closes it, though DRIP goes on."""
    end = time.monotonic() + seconds
    client.settimeout(0.1)
    while time.monotonic() < end:
        if drip and not say(client, drip):
            return
        try:
            if not client.recv(65536):
                return
        except TimeoutError:
            pass
        except OSError:
            return
    complain(f"{what}: still open after {seconds} s")


def test_slow(front):
    """All at once: each has a second, or two."""
    clients = []

    def check(what, beginning, drip=b"", seconds=6):
        client = front.connect()
        if beginning:
            client.sendall(beginning)
        thread = threading.Thread(target=is_closed, args=(what, client, seconds, drip))
        thread.start()
        clients.append((thread, client))

    check("one that says nothing", b"")
    check("a first line that drips", b"GET /wai", b"t")
    check("a head that drips", b"GET /wait HTTP/1.1\r\nHost: d\r\nX: ", b"x")
    check("headers without an end", b"GET /wait HTTP/1.1\r\nHost: d\r\n", b"X: x\r\n")
    check("a body that stops", b"POST /stops HTTP/1.1\r\nHost: d\r\nContent-Length: 1000\r\n\r\nabc")
    check("chunks that stop", b"POST /chunks HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
    check("one that is kept for nothing", b"GET /count HTTP/1.1\r\nHost: d\r\n\r\n", b"\r\n")
    check("one that is kept and drips", b"GET /count HTTP/1.1\r\nHost: d\r\n\r\nGET /", b"x")
    is_answered(front)
    for thread, client in clients:
        thread.join()
        client.close()
    if "/stops" not in front.ended or "/chunks" not in front.ended:
        complain(f"the call of a body that stops goes on: {front.ended}")
    is_answered(front)


def test_stalled(front):
    """What is not read is not waited for; what waits for us is."""
    stalled, waiting = front.connect(), front.connect()
    stalled.sendall(b"GET /stream HTTP/1.1\r\nHost: d\r\n\r\n")
    waiting.sendall(b"GET /wait HTTP/1.1\r\nHost: d\r\n\r\n")
    end = time.monotonic() + 8
    while "/stream" not in front.ended and time.monotonic() < end:
        is_answered(front)
        time.sleep(0.1)
    if "/stream" not in front.ended:
        complain("a reader that does not read is still waited for")
    if "/wait" in front.ended:
        complain("one that waits was ended")
    waiting.close()
    end = time.monotonic() + 8
    while "/wait" not in front.ended and time.monotonic() < end:
        time.sleep(0.05)
    if "/wait" not in front.ended:
        complain("one that went is still waited for")
    stalled.close()


def test_many(front):
    """Those that want nothing make room for one who does."""
    held = [front.connect() for _ in range(LIMIT)]
    for client in held[:LIMIT // 2]:
        client.sendall(b"GET /count HTTP/1.1\r\nHost: d\r\n\r\n")
    for client in held[LIMIT // 2:]:
        client.sendall(b"GET /wai")
    more = []
    for _ in range(2 * LIMIT):
        more.append(front.connect())
        say(more[-1], b"GET /wai")
    is_answered(front)
    for client in held + more:
        client.close()


NONSENSE = {
    "no method": b"\r\n\r\n \r\n\r\n",
    "a wrong version": b"GET / HTTP/9.9\r\nHost: d\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no host": b"GET /count HTTP/1.1\r\n\r\n",
    "two lengths": b"POST /count HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a negative length": b"POST /count HTTP/1.1\r\nHost: d\r\nContent-Length: -3\r\n\r\nabc",
    "a length that is none": b"POST /count HTTP/1.1\r\nHost: d\r\nContent-Length: many\r\n\r\nabc",
    "a length beyond all numbers": b"POST /count HTTP/1.1\r\nHost: d\r\nContent-Length: 99999999999999999999999\r\n\r\nabc",
    "a length and chunks": b"POST /count HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk that is none": b"POST /count HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
    "a chunk beyond all numbers": b"POST /count HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n",
    "another coding": b"POST /count HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "a header without a colon": b"GET /count HTTP/1.1\r\nHost: d\r\nnonsense\r\n\r\n",
    "a NUL in a header": b"GET /count HTTP/1.1\r\nHost: d\r\nX: a\0b\r\n\r\n",
    "a NUL in the target": b"GET /co\0unt HTTP/1.1\r\nHost: d\r\n\r\n",
    "a long method": b"G" * 5000 + b" / HTTP/1.1\r\nHost: d\r\n\r\n",
    "a long target": b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: d\r\n\r\n",
    "many headers": b"GET /count HTTP/1.1\r\nHost: d\r\n" + b"".join(b"X%d: 1\r\n" % i for i in range(500)) + b"\r\n",
    "a folded header": b"GET /count HTTP/1.1\r\nHost: d\r\nX: a\r\n b\r\n\r\n",
    "all bytes": bytes(range(256)) * 400,
}
# What may be taken for what it seems to be, and is then answered.
LENIENT = {"no version"}
# Once the body is read the library answers, in its own words.
IN_BODY = {"a chunk that is none", "a chunk beyond all numbers"}


def test_nonsense(front):
    for what, data in NONSENSE.items():
        with front.connect() as client:
            say(client, data)
            try:
                client.shutdown(socket.SHUT_WR) if not front.certificates else None
            except OSError:
                pass
            reply = read_all(client)
        status = reply[9:10]
        if reply and status not in (b"4", b"5") and not (status == b"2" and what in LENIENT):
            complain(f"{what}: {reply[:200]!r}")
        if status in (b"4", b"5") and b'{"message":"' not in reply and what not in IN_BODY:
            complain(f"{what}: no message in docker's form: {reply[:300]!r}")
        if not reply:
            complain(f"{what}: closed without a word")
        if front.process.poll() is not None:
            complain(f"{what}: bivy-http ended with {front.process.returncode}")
            return
    is_answered(front)


def main():
    front = Front(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    is_answered(front)
    for test in test_slow, test_stalled, test_many, test_nonsense:
        test(front)
    front.broker.shutdown(socket.SHUT_RDWR)
    if front.process.wait(10) != 0:
        complain(f"bivy-http ended with {front.process.returncode}")
    sys.exit(1 if faults else 0)


main()
