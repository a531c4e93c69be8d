# `bivy-runtime supervise`: the process that stays with one of bivy's containers, spoken to over its socket.

load ../lib/common

# drive: the Python program on the standard input, with the client of tests/lib/supervisor.py.
drive() {
	local program
	program=$(cat)
	run env BUNDLE="$BUNDLE" STATE="$STATE" WORK="$WORK" ID="$ID" PYTHONPATH="$TESTS_DIR/lib" PYTHONDONTWRITEBYTECODE=1 \
		"$PYTHON" -c "from supervisor import *
$program"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

setup_file() {
	common_setup_file
	require_root
}

@test "output, exit code, last state and events" {
	drive <<'PY'
c = Supervised('sh', '-c', 'echo out; echo err >&2; exit 3')
ours = c.start('out', 'err')
assert read_all(ours['out']) == b'out\n' and read_all(ours['err']) == b'err\n'
assert c.receive() == {'type': 'exit', 'exitCode': 3}
state = c.end()
assert (state['Status'], state['ExitCode'], state['ShouldRun'], state['Pid']) == ('exited', 3, False, 0), state
assert c.events() == ['start', 'die'], c.events()
PY
}

@test "a command that is not there: the error, its exit code, and nothing left" {
	drive <<'PY'
c = Supervised('/no/such/command')
c.send('start')
answer = c.receive()
assert answer['error']['exitStatus'] == 127 and '"/no/such/command"' in answer['error']['message'], answer
state = c.end()
assert (state['Status'], state['ExitCode'], state['ShouldRun']) == ('created', 127, False), state
PY
}

@test "whoever starts it dies before it said so: nothing is started" {
	drive <<'PY'
c = Supervised('true')
c.socket.close()
assert c.process.wait(LIMIT) == 0
assert os.listdir(c.record) == [], os.listdir(c.record)
PY
}

@test "bytes come through as they are, and the end of the input is its end" {
	drive <<'PY'
import threading
c = Supervised('cat', openStdin=True, stdinOnce=True)
ours = c.start('in', 'out')
data = os.urandom(1 << 20)
def write():
    with open(ours['in'], 'wb') as file:
        file.write(data)
threading.Thread(target=write).start()
assert read_all(ours['out']) == data
c.end()
PY
}

@test "a reader that is slow loses nothing; one that goes changes nothing" {
	drive <<'PY'
c = Supervised('sh', '-c', 'read x; seq 1 50000; read x', openStdin=True)
ours = c.start('in', 'out')
second = c.connect()
gone = c.attach(second, 'out')
os.close(gone['out'])
second.close()
os.write(ours['in'], b'\n')
time.sleep(0.1)
os.write(ours['in'], b'\n')
assert read_all(ours['out']) == b''.join(b'%d\n' % i for i in range(1, 50001))
assert c.receive() == {'type': 'exit'}
assert c.end()['LogDropped'] == 0
PY
}

@test "a terminal: its size, its echo, and what is written last" {
	drive <<'PY'
c = Supervised('sh', '-c', 'stty size; read x; stty size; echo got $x', terminal=True, openStdin=True)
ours = c.start('in', 'out', width=91, height=31)
first = os.read(ours['out'], 100)
assert first == b'31 91\r\n', first
c.ask('resize', width=50, height=20)
os.write(ours['in'], b'x\n')
text = read_all(ours['out'])
assert text == b'x\r\n20 50\r\ngot x\r\n', text
c.end()
PY
}

@test "SIGTERM ends a first process without a handler, at once and as SIGTERM" {
	drive <<'PY'
c = Supervised('sleep', '100')
c.start()
before = time.monotonic()
c.ask('stop', timeout=-2, manually=True)
assert time.monotonic() - before < 5 * SLOW
state = c.end()
assert (state['ExitCode'], state['ManuallyStopped']) == (143, True), state
assert c.events() == ['start', 'kill', 'die', 'stop'], c.events()
PY
}

@test "a handler counts, and so does a signal that is ignored: SIGKILL after the timeout" {
	drive <<'PY'
c = Supervised('sh', '-c', 'trap "echo bye; exit 7" TERM; trap "" INT; echo up; while :; do sleep 0.05; done')
ours = c.start('out')
assert os.read(ours['out'], 10) == b'up\n'
c.ask('kill', signal=2)
c.send('stop', timeout=-2)
assert read_all(ours['out']) == b'bye\n'
assert c.end()['ExitCode'] == 7
PY
	drive <<'PY'
c = Supervised('sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done')
ours = c.start('out')
assert os.read(ours['out'], 10) == b'up\n'
c.send('stop', timeout=1)
assert c.receive()['exitCode'] == 137 and c.receive()['type'] == 'reply'
assert c.end()['ExitCode'] == 137
PY
}

@test "restarts by policy, with their count; stop calls one off that waits" {
	drive <<'PY'
c = Supervised('sh', '-c', 'exit 5', restartPolicy='on-failure', restartMaximum=2)
c.start()
state = c.end()
assert (state['RestartCount'], state['ExitCode'], state['Status']) == (2, 5, 'exited'), state
assert c.events() == ['start', 'die'] * 3, c.events()
PY
	drive <<'PY'
c = Supervised('false', restartPolicy='always')
c.start()
c.wait_for('it waits', lambda: c.state()['RestartCount'] >= 2 and c.state()['Status'] == 'restarting')
with c.connect() as client:
    c.ask('stop', to=client, timeout=-2, manually=True)
assert c.end()['Status'] == 'exited'
PY
}

@test "restart: another process, and who was attached is told" {
	drive <<'PY'
c = Supervised('sleep', '100')
ours = c.start('out')
pid = c.state()['Pid']
with c.connect() as client:
    reply = c.ask('restart', to=client, timeout=-2)
assert reply['pid'] == c.state()['Pid'] != pid
event = c.receive()
assert event['type'] == 'exit' and event['willRestart'], event
assert read_all(ours['out']) == b''
assert c.kill()['ExitCode'] == 137
PY
}

@test "pause: nothing runs in it, and SIGKILL still ends it" {
	require_controller freezer
	drive <<'PY'
c = Supervised('sleep', '100')
c.start()
c.ask('pause')
assert c.state()['Status'] == 'paused'
assert c.refused('pause') == "container 'web' is already paused"
assert c.refused('exec', process={'args': ['true']}) == "container 'web' is paused"
c.ask('unpause')
assert c.refused('unpause') == "container 'web' is not paused"
c.ask('pause')
assert c.kill()['ExitCode'] == 137
PY
}

@test "exec: streams, environment, user, exit code; and how it fails" {
	drive <<'PY'
c = Supervised('sleep', '100')
c.start()
out, err, event = c.execute('sh', '-c', 'cat; pwd; echo $FOO >&2; exit 9', given=b'in ', env=['FOO=bar'], cwd='/tmp')
assert (out, err, event['exitCode']) == (b'in /tmp\n', b'bar\n', 9), (out, err, event)
out, _, event = c.execute('sh', '-c', 'id -u; id -g', user='5:6')
assert out == b'5\n6\n' and 'exitCode' not in event, (out, event)
event = c.execute('/no/such/command')[2]
assert event['exitCode'] == 127 and 'no/such/command' in event['error']['message'], event
for _ in range(5):
    c.execute('true')
assert c.events()[-3:] == ['exec_create: true ', 'exec_start: true ', 'exec_die'], c.events()
assert os.waitpid(-1, os.WNOHANG) == (0, 0)
zombies = subprocess.run(['ps', '-o', 'stat=', '--ppid', str(c.process.pid)], capture_output=True, text=True).stdout
assert 'Z' not in zombies, zombies
assert c.kill()['ExitCode'] == 137
PY
}

@test "exec: signals, sessions, a terminal; the container's end is theirs" {
	drive <<'PY'
c = Supervised('sleep', '100')
c.start()
client = c.connect()
number = c.ask('exec', to=client, process={'args': ['sleep', '50']})['session']
sessions = c.ask('sessions')['sessions']
assert [(s['number'], s['running'], s['args']) for s in sessions] == [(number, True, ['sleep', '50'])], sessions
c.ask('kill', session=number, signal=15)
event = c.receive(client)
assert (event['type'], event['session'], event['exitCode']) == ('sessionExit', number, 143), event
reply, ours = c._streams('exec', ['in', 'out'], client, width=99, height=33, process={'args': ['sh', '-c', 'stty size; read x; echo $x'], 'terminal': True})
os.write(ours['in'], b'q\n')
assert read_all(ours['out']).replace(b'q\r\n', b'', 1) == b'33 99\r\nq\r\n'
assert c.receive(client)['session'] == reply['session']
c.ask('exec', to=client, process={'args': ['sleep', '50']})
assert c.kill()['ExitCode'] == 137
assert c.receive(client)['exitCode'] == 137
PY
}

@test "out of memory: said, with the limit" {
	require_controller memory
	drive <<'PY'
def limit(document):
    document['linux']['resources']['memory'] = {'limit': 20 << 20}
c = Supervised('sh', '-c', 'head -c 60000000 /dev/zero | tail -c 60000000 | wc -c; exit 4', config=limit)
c.start()
state = c.end()
assert (state['OOMKilled'], state['OOMLimit']) == (True, 20 << 20), state
assert c.events() == ['start', 'oom', 'die'], c.events()
PY
}

@test "a health check that fails, and what follows" {
	drive <<'PY'
c = Supervised('sleep', '100', healthCheck={'Test': ['CMD-SHELL', 'echo bad; exit 1'], 'Interval': 50000000, 'Retries': 2}, healthOnFailure='stop')
c.start()
state = c.end()
assert (state['ExitCode'], state['Health']['Status'], state['Health']['Log'][0]['Output']) == (143, 'unhealthy', 'bad\n'), state
assert 'health_status: unhealthy' in c.events(), c.events()
PY
}

@test "the exit command: run at the end, unless a client does its work and did" {
	drive <<'PY'
went = os.environ['WORK'] + '/went'
for cleans, removes in (False, False), (True, False), (True, True):
    c = Supervised('sleep', '0.2', exitCommand=['/bin/sh', '-c', f'echo x >{went}'])
    if cleans:
        c.ask('clientCleans')
    c.start('out')
    c.send('waitGone')
    while c.receive()['type'] != 'reply':
        pass
    if cleans:
        assert c.process.poll() is None
    if removes:
        subprocess.check_call(['rm', '-r', c.record])
    c.socket.close()
    assert c.process.wait(LIMIT) == 0
    assert os.path.exists(went) == (not removes), (cleans, removes)
    if os.path.exists(went):
        os.remove(went)
PY
}

@test "SIGTERM of the host: ended, but it should run" {
	drive <<'PY'
c = Supervised('sleep', '100', restartPolicy='always')
c.start()
c.process.terminate()
state = c.end()
assert (state['ExitCode'], state['ShouldRun'], state['ManuallyStopped']) == (143, True, False), state
PY
}

@test "a supervisor that is killed takes its container with it, and the next one sweeps what is left" {
	drive <<'PY'
import signal
first = Supervised('sleep', '100')
first.start()
pid = first.state()['Pid']
first.process.kill()
first.process.wait()
def status():
    return subprocess.run(['ps', '-o', 'stat=', '-p', str(pid)], capture_output=True, text=True).stdout
first.wait_for('it ends', lambda: status() in ('', 'Z\n', 'Zs\n'))  # a host whose first process does not reap keeps the zombie
second = Supervised('true')
second.start('out')
assert second.end()['ExitCode'] == 0
PY
}

@test "the half that serves may do next to nothing, the container what it may without; no half is there without the other" {
	drive <<'PY'
import signal
def status(pid, *names):
    with open(f'/proc/{pid}/status') as file:
        lines = dict(line.rstrip('\n').split(':', 1) for line in file)
    return [lines[name].strip() for name in names]
def open_everything(config):
    config['process']['noNewPrivileges'] = False
    config['process']['capabilities'] = {name: ['CAP_SYS_ADMIN', 'CAP_KILL'] for name in ('bounding', 'effective', 'permitted')}
    config['linux'].pop('seccomp', None)
PROBE = 'grep -E "^(NoNewPrivs|Seccomp|CapEff):" /proc/self/status; mkdir -p /tmp; mount -t tmpfs none /tmp && echo mounted'
OPEN = b'NoNewPrivs:\t0\nSeccomp:\t0\nmounted\n'
c = Supervised('sh', '-c', PROBE + '; exec sleep 100', config=open_everything)
out = c.start('out')['out']
keeper = c.keeper()
assert status(keeper, 'CapPrm', 'CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp') == ['0' * 16] * 3 + ['1', '2'], status(keeper, 'CapEff', 'NoNewPrivs', 'Seccomp')
assert status(c.process.pid, 'NoNewPrivs', 'Seccomp') == ['0', '0']
text = b''
while not text.endswith(b'mounted\n'):
    text += os.read(out, 4096)
assert text.split(b'\n', 1)[1] == OPEN and text.startswith(b'CapEff:\t0000000000200020'), text
assert c.execute('sh', '-c', PROBE)[0].split(b'\n', 1)[1] == OPEN
# Of files it has its log, and what waits for it; of sockets its clients'.
names = [os.readlink(f'/proc/{keeper}/fd/{fd}') for fd in os.listdir(f'/proc/{keeper}/fd')]
assert [name for name in names if not name.startswith(('socket:', 'pipe:', '/dev/null', c.record + '/log'))] == [os.environ['BUNDLE']], names
os.kill(keeper, signal.SIGKILL)
assert c.process.wait(LIMIT) == 1
pid = c.state()['Pid']
c.wait_for('it ends', lambda: not os.path.exists(f'/proc/{pid}') or status(pid, 'State')[0].startswith('Z'))
second = Supervised('sleep', '100')
second.start()
keeper = second.keeper()
second.process.kill()
second.process.wait()
second.wait_for('it ends', lambda: not os.path.exists(f'/proc/{keeper}') or status(keeper, 'State')[0].startswith('Z'))
third = Supervised('true')
third.start('out')
assert third.end()['ExitCode'] == 0
PY
}

@test "packets that are none, and requests at the wrong time" {
	drive <<'PY'
c = Supervised('sleep', '100')
client = c.connect()
assert c.refused('start', to=client) == "container 'web' was started already"
assert c.refused('kill', to=client, signal=9) == "container 'web' is not running"
c.start()
for text, words in (b'{}', 'type: missing'), (b'x' * 100000, ''), (b'{"type":"reply"}', 'message: not a request'):
    client.send(text)
    answer = c.receive(client)
    assert answer['type'] == 'error' and words in answer['error']['message'], answer
halves = c.process.pid, c.keeper()
def count_descriptors():
    return [len(os.listdir(f'/proc/{pid}/fd')) for pid in halves]
descriptors = count_descriptors()
for _ in range(30):
    c.send('attach', [0, 0, 0], client, out=True)
    assert c.receive(client)['error']['message'] == '3 descriptors came along, not 1'
assert all(now <= then for now, then in zip(count_descriptors(), descriptors))  # fewer: what the start needed goes after a while
assert c.refused('checkHealth') == "container 'web' has no health check"
assert c.refused('update', supervision={'restartPolicy': 'x'}) == "unknown restart policy 'x'"
c.ask('rename', name='other')
assert c.refused('checkHealth') == "container 'other' has no health check"
c.kill()
PY
}
