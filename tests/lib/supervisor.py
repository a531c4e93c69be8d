# SPDX-License-Identifier: Apache-2.0
"""A client of `bivy-runtime supervise`, for tests: starts one for the bundle of the environment and speaks its protocol.

From the environment: BIVY_RUNTIME, BUNDLE (with config.json), STATE, WORK, ID, and optionally BIVY_TEST_SLOW.
"""
import array
import json
import os
import select
import shlex
import socket
import subprocess
import time

SLOW = float(os.environ.get('BIVY_TEST_SLOW', '1'))
LIMIT = 20 * SLOW  # seconds that anything may take


class Supervised:
    """The container of $BUNDLE with `command`; `config` edits config.json, `what` are members of supervise.json."""

    def __init__(self, *command, config=None, terminal=False, **what):
        self.bundle, self.record = os.environ['BUNDLE'], os.environ['WORK'] + '/record'
        os.makedirs(self.record, exist_ok=True)
        with open(self.bundle + '/config.json') as file:
            document = json.load(file)
        document['process'].update(args=list(command), terminal=terminal)
        if config:
            config(document)
        self._write('config.json', document)
        self._write('supervise.json', {
            'id': os.environ['ID'], 'name': 'web', 'runtimeRoot': os.environ['STATE'], 'record': self.record, 'terminal': terminal,
            'stopTimeout': 10, 'logDriver': 'local', 'logPath': self.record + '/log', 'eventsPath': self.record + '/events', **what})
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                shlex.split(os.environ['BIVY_RUNTIME']) + ['supervise', '--bundle', self.bundle, '--socket', str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.socket.send(b'b')  # the bundle is complete, and has no descriptors

    def _write(self, name, document):
        with open(f'{self.bundle}/{name}', 'w') as file:
            json.dump(document, file)

    def connect(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        end = time.monotonic() + LIMIT
        while True:
            try:
                client.connect(self.bundle + '/supervisor')
                return client
            except (FileNotFoundError, ConnectionRefusedError):  # it is not there yet, or does not listen yet
                if time.monotonic() > end:
                    raise
                time.sleep(0.005)

    def send(self, request, fds=(), to=None, **members):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
        (to or self.socket).sendmsg([json.dumps({'type': 'request', 'request': request, **members}).encode()], rights)

    def receive(self, of=None):
        of = of or self.socket
        of.settimeout(LIMIT)
        text = of.recv(1 << 18)
        return json.loads(text) if text else None

    def ask(self, request, fds=(), to=None, **members):
        """The reply; an AssertionError if it is an error."""
        self.send(request, fds, to, **members)
        answer = self.receive(to)
        assert answer['type'] == 'reply', answer
        return answer

    def refused(self, request, to=None, **members):
        self.send(request, (), to, **members)
        answer = self.receive(to)
        assert answer['type'] == 'error', answer
        return answer['error']['message']

    def _streams(self, request, names, to=None, **members):
        ours, theirs = {}, []
        for name in names:
            reader, writer = os.pipe()
            ours[name] = writer if name == 'in' else reader
            theirs.append(reader if name == 'in' else writer)
        reply = self.ask(request, theirs, to, **{name: True for name in names}, **members)
        for fd in theirs:
            os.close(fd)
        return reply, ours

    def start(self, *names, **members):
        """Attaches to the streams of these names, starts, and tells our ends."""
        ours = self._streams('attach', names, **members)[1] if names else {}
        self.ask('start')
        return ours

    def attach(self, client, *names):
        return self._streams('attach', names, client)[1]

    def execute(self, *args, given=None, **process):
        """(output, errors, event) of a command in it."""
        names = ['out', 'err'] if given is None else ['in', 'out', 'err']
        with self.connect() as client:
            _, ours = self._streams('exec', names, client, process={'args': list(args), **process})
            if given is not None:
                os.write(ours['in'], given)
                os.close(ours['in'])
            return read_all(ours['out']), read_all(ours['err']), self.receive(client)

    def state(self):
        with open(self.bundle + '/state.json') as file:
            return json.load(file)

    def wait_for(self, what, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < end, f'{what}: {self.state()}'
            time.sleep(0.005)

    def end(self):
        """Waits for the supervisor's end; the last state in the record."""
        assert self.process.wait(LIMIT) == 0, self.process.returncode
        assert not os.path.exists(self.bundle + '/supervisor')
        assert not os.path.exists(f"{os.environ['STATE']}/{os.environ['ID']}"), 'the runtime still has a record'
        with open(self.record + '/state.json') as file:
            return json.load(file)

    def kill(self):
        with self.connect() as client:
            self.ask('kill', to=client, signal=9)
        return self.end()

    def keeper(self):
        """The half of it that serves: the child that is the same program."""
        with open(f'/proc/{self.process.pid}/cmdline') as file:
            program = file.read()
        listed = subprocess.run(['ps', '-o', 'pid=', '--ppid', str(self.process.pid)], capture_output=True, text=True).stdout
        for pid in map(int, listed.split()):
            with open(f'/proc/{pid}/cmdline') as file:
                if file.read() == program:
                    return pid
        raise AssertionError('it has no other half')

    def events(self):
        with open(self.record + '/events') as file:
            return [json.loads(line)['Action'] for line in file]


def read_all(fd):
    """Everything up to the end; closes it."""
    text, end = b'', time.monotonic() + LIMIT
    while True:
        assert select.select([fd], [], [], max(0, end - time.monotonic()))[0], f'nothing more came after {text[-200:]!r}'
        block = os.read(fd, 1 << 16)
        if not block:
            os.close(fd)
            return text
        text += block
