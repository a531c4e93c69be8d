#!/usr/bin/env python3
"""A person at a terminal, by a script: starts a command on a pseudo terminal of its own and goes through the steps.

usage: terminal.py STEP… -- COMMAND…

    expect:TEXT      until TEXT was shown, behind what was expected before
    type:TEXT        typed; \\x10, \\r and the like as Python has them
    size:ROWSxCOLS   the window's size, now; the first one before the command starts, 24x80 without
    raw  cooked      until the terminal is, or is not, in raw mode
    signal:NAME      sent to the command: TERM
    wait             until the command has ended, and nothing is shown any more

Prints what was shown, without carriage returns, and exits with the command's status (128 + N for a signal), with 99 when a step
takes longer than 30 seconds.
"""

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 30


class Terminal:
    def __init__(self, command, size):
        self.shown, self.seen, self.status = b"", 0, None
        ready, go = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.read(ready, 1)  # the size is there before the command is
            os.execvp(command[0], command)
        self.resize(size)
        os.write(go, b"g")
        os.close(go)
        os.close(ready)

    def resize(self, size):
        rows, columns = (int(n) for n in size.split("x"))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """Adds what is shown next; False at the end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        self.shown += data
        return data != b""

    def until(self, is_true, what):
        end = time.monotonic() + PATIENCE
        while not is_true():
            alive = self.read(0.05)
            if time.monotonic() > end or (not alive and not is_true()):
                sys.stdout.write(self.text())
                self.leave(what)

    def leave(self, why):
        print("terminal.py: " + why, file=sys.stderr)
        sys.exit(99)

    def expect(self, text):
        wanted = text.encode()

        def found():
            at = self.shown.replace(b"\r", b"").find(wanted, self.seen)
            if at >= 0:
                self.seen = at + len(wanted)
            return at >= 0

        self.until(found, "not shown: " + text)

    def is_raw(self):
        return not termios.tcgetattr(self.fd)[3] & termios.ICANON

    def wait(self):
        end = time.monotonic() + PATIENCE
        while self.status is None:
            while self.read(0.02) and select.select([self.fd], [], [], 0)[0]:
                pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                self.leave("the command does not end")
        while select.select([self.fd], [], [], 0)[0] and self.read(0):
            pass

    def text(self):
        return self.shown.replace(b"\r", b"").decode(errors="replace")


def main(args):
    split = args.index("--")
    steps, command = args[:split], args[split + 1:]
    size = "24x80"
    if steps and steps[0].startswith("size:"):
        size = steps.pop(0)[5:]
    terminal = Terminal(command, size)
    for step in steps:
        verb, _, text = step.partition(":")
        if verb == "expect":
            terminal.expect(text)
        elif verb == "type":
            os.write(terminal.fd, text.encode("latin-1").decode("unicode_escape").encode("latin-1"))
        elif verb == "size":
            terminal.resize(text)
        elif verb in ("raw", "cooked"):
            terminal.until(lambda: terminal.is_raw() == (verb == "raw"), "not " + verb)
        elif verb == "signal":
            os.kill(terminal.pid, getattr(signal, "SIG" + text))
        elif verb == "wait":
            terminal.wait()
        else:
            sys.exit("terminal.py: unknown step " + step)
    terminal.wait()
    sys.stdout.write(terminal.text())
    sys.exit(terminal.status if terminal.status >= 0 else 128 - terminal.status)


main(sys.argv[1:])
