#!/usr/bin/env python3
"""The far ends that the end-to-end tests need: sockets that receive descriptors, a terminal, a notification socket.

usage: helper.py console SOCKET OUT [TEXT [CUE]]  receive a terminal, type TEXT into it (once CUE was shown), copy what it
                                               shows to OUT until hang-up
       helper.py pidfd SOCKET OUT              receive a pidfd, write `pid N` to OUT, wait for its end, write `ended`
       helper.py notify SOCKET OUT             append each datagram to OUT, until killed
       helper.py agent SOCKET                  as ssh-agent(1) does, talk to root and to our own user alone: `as UID: ` and
                                               what they said, once they have said all; until killed
       helper.py pty ROWSxCOLS[,ROWSxCOLS@CUE] COMMAND…
                                               run COMMAND on a new terminal of that size, and change it to the second size
                                               once CUE was shown; standard input is typed, what is shown goes to standard
                                               output; exits as COMMAND does (128+n for signals)
       helper.py interrupt COUNT [BEFORE… ---] COMMAND… --- AFTER…
                                               COUNT times: run BEFORE, start COMMAND and kill it (-9) a little later each
                                               time, so that the moments spread over its whole life, then run AFTER, which
                                               must succeed; `@` in a word is replaced by the round's number
Sockets are bound before anything else, so a test waits for the path to appear. Everything ends by itself after a minute.
"""

import array
import fcntl
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time


def window(text):
    """struct winsize from ROWSxCOLS."""
    rows, columns = text.split("x")
    return struct.pack("HHHH", int(rows), int(columns), 0, 0)


def receive_fd(path):
    """The first descriptor that somebody sends to the stream socket at `path`, and the bytes beside it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(1)
        peer, _ = listener.accept()
    with peer:
        data, control, _, _ = peer.recvmsg(4096, socket.CMSG_LEN(struct.calcsize("i")))
    for level, kind, body in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            return array.array("i", body[: struct.calcsize("i")])[0], data
    sys.exit("no descriptor was sent")


def copy_until_hangup(fd, out, text, cue):
    """Copies what a terminal's leader end shows; EIO says that the last follower end was closed."""
    shown = b""
    while True:
        if text and cue in shown:
            os.write(fd, text)
            text = b""
        try:
            data = os.read(fd, 4096)
        except OSError:
            return
        if not data:
            return
        shown += data
        out.write(data)
        out.flush()


def console(path, out, text="", cue=""):
    """Receives a terminal's leader end."""
    fd, name = receive_fd(path)
    with open(out, "wb") as file:
        file.write(b"name " + name.rstrip(b"\0") + b"\n")
        file.flush()
        copy_until_hangup(fd, file, text.encode().decode("unicode_escape").encode(), cue.encode())
    with open(out + ".done", "w", encoding="ascii"):
        pass


def pidfd(path, out):
    """Receives a pidfd and tells when its process ends."""
    fd, _ = receive_fd(path)
    with open(out, "w", encoding="ascii") as file:
        with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as info:
            number = next(line.split()[1] for line in info if line.startswith("Pid:"))
        print("pid", number, file=file, flush=True)
        select.select([fd], [], [])
        print("ended", file=file, flush=True)


def notify(path, out):
    """Writes down the datagrams that arrive."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock, open(out, "a", encoding="ascii") as file:
        sock.bind(path)
        while True:
            print(sock.recv(4096).decode("ascii").rstrip("\n"), file=file, flush=True)


def agent(path):
    """Answers whoever an ssh-agent would answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(8)
        while True:
            peer, _ = listener.accept()
            with peer:
                _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
                if uid not in (0, os.getuid()):
                    continue
                said = b"".join(iter(lambda: peer.recv(4096), b""))
                peer.sendall(b"as %d: %b" % (uid, said))


def run_on_pty(sizes, *command):
    """Runs a command on a terminal of its own."""
    size, _, later = sizes.partition(",")
    later, _, cue = later.partition("@")
    shown = b""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, window(size))
        os.execvp(command[0], command)
    sources = [fd, 0]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if 0 in ready:
            data = os.read(0, 4096)
            if data:
                os.write(fd, data)
            else:
                sources.remove(0)
        if fd in ready:
            try:
                data = os.read(fd, 4096)
            except OSError:
                break
            if not data:
                break
            os.write(1, data)
            shown += data
            if later and cue.encode() in shown:
                fcntl.ioctl(fd, termios.TIOCSWINSZ, window(later))
                later = ""
    status = os.waitpid(pid, 0)[1]
    sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def interrupt(count, *words):
    """Kills a command at many moments of its life."""
    commands, words = [], list(words)
    while "---" in words:
        commands.append(words[: words.index("---")])
        words = words[words.index("---") + 1 :]
    commands.append(words)
    before, command, after = ([[]] + commands)[-3:]
    null = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}

    def numbered(command, number):
        return [word.replace("@", str(number)) for word in command]

    def one(number, delay):
        if before:
            subprocess.run(numbered(before, number), check=True, **null)
        begun = time.monotonic()
        with subprocess.Popen(numbered(command, number), stderr=subprocess.DEVNULL, **null) as process:
            if delay is None:
                process.wait()
            else:
                # Sleeping is too coarse for fractions of a millisecond.
                while time.monotonic() - begun < delay:
                    pass
                process.kill()
            process.wait()
        took = time.monotonic() - begun
        subprocess.run(numbered(after, number), check=True, timeout=60, **null)
        return took

    whole = min(one(number, None) for number in range(3))
    for number in range(int(count)):
        try:
            one(number, whole * 1.1 * number / int(count))
        except subprocess.SubprocessError as error:
            sys.exit(f"killed after {whole * 1.1 * number / int(count) * 1000:.2f} of {whole * 1000:.2f} ms: {error}")


ACTIONS = {"agent": agent, "interrupt": interrupt, "console": console, "pidfd": pidfd, "notify": notify, "pty": run_on_pty}

if __name__ == "__main__":
    signal.alarm(60 * int(os.environ.get("BIVY_TEST_SLOW", "1")))
    ACTIONS[sys.argv[1]](*sys.argv[2:])
