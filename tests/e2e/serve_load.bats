# bivy serve: many clients, those that do not read, those that go, and servers that are killed. How much of each: bench/server-kill, bench/streams.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() { serve_setup_file; }
setup() { serve_setup; }

# Processes that the server has for requests and reads.
request_processes() { pgrep -c -P "$SERVER" -f '[-]-listen' || true; }
wait_until() { for _ in {1..200}; do ! "$@" || return 0; sleep 0.05; done; "$@"; }

@test "attached and not reading: the container goes on, its log is whole, the client is told" {
	serve
	bivy run -d --name talker busybox sh -c 'sleep 0.7; seq 1 2000000; echo error >&2' >id
	python3 - "$SOCKET" <<-'P'
		import socket, sys, time
		def ask(method, path, extra=''):
		    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(20)
		    s.sendall(f'{method} {path} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n{extra}\r\n'.encode())
		    head = b''
		    while b'\r\n\r\n' not in head: head += s.recv(1)
		    return s, head
		s, head = ask('POST', '/containers/talker/attach?stream=1&stdout=1&stderr=1', 'Connection: Upgrade\r\nUpgrade: tcp\r\n')
		assert head.startswith(b'HTTP/1.1 101 '), head
		assert ask('POST', '/containers/talker/wait')[1].startswith(b'HTTP/1.1 200 ')
		waiting = ask('POST', '/containers/talker/wait')[0]
		assert b'"StatusCode":0' in waiting.recv(1000)
		data = b''
		while (more := s.recv(1 << 20)): data += more
		text, last = b'', b''
		while data:
		    n = int.from_bytes(data[4:8], 'big')
		    if data[0] == 3: last = data[8:8 + n]
		    else: text += data[8:8 + n]
		    data = data[8 + n:]
		lines = text.split(b'\n')
		assert len(text) > 8000000 and lines[:-1] == [b'%d' % (i + 1) for i in range(len(lines) - 1)]
		assert last == b'this client was too slow for the output of the container, which is in its log', last
	P
	[ "$(bivy logs talker 2>/dev/null | md5sum)" = "$(seq 1 2000000 | md5sum)" ]
}

@test "lists that are not read: others have theirs at once" {
	local label i
	label=$(head -c 100000 /dev/zero | tr '\0' x)
	for i in 1 2 3 4 5 6 7; do bivy create --name "big$i" --label "l=$label" busybox >id; done
	serve
	python3 - "$SOCKET" <<-'P'
		import socket, sys, time
		def ask():
		    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(10)
		    s.sendall(b'GET /containers/json?all=1 HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n')
		    return s
		stalled = [ask() for _ in range(8)]
		time.sleep(0.3)
		for _ in range(4):
		    s, data = ask(), b''
		    while (more := s.recv(65536)): data += more
		    assert len(data) > 700000, len(data)
		data = b''
		while (more := stalled[0].recv(65536)): data += more
		assert len(data) > 700000 and data.endswith(b']\n'), data[-100:]
	P
	wait_until test "$(request_processes)" -le 3
}

@test "streams of all kinds, whose clients go without a word: nothing of them stays" {
	serve
	front=$(pgrep -P "$SERVER" bivy-http)
	before=$(ls "/proc/$front/fd" | wc -l)
	bivy run -d --name web busybox sh -c 'while :; do echo a; sleep 0.2; done' >id
	python3 - "$SOCKET" <<-'P'
		import socket, sys
		paths = ['GET /events', 'GET /containers/web/logs?follow=1&stdout=1', 'GET /containers/web/stats', 'POST /containers/web/wait',
		    'POST /containers/web/attach?stream=1&stdout=1']
		held = []
		for i in range(60):
		    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(10)
		    upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n' if i % 2 and 'attach' in paths[i % 5] else ''
		    s.sendall(f'{paths[i % 5]} HTTP/1.1\r\nHost: d\r\n{upgrade}\r\n'.encode())
		    held.append(s)
		for s in held:
		    assert s.recv(12) in (b'HTTP/1.1 200', b'HTTP/1.1 101')
	P
	gone() { [ "$(request_processes)" -le 2 ]; }
	wait_until gone
	[ "$(state_of web)" = running ]
	closed() { [ "$(ls "/proc/$front/fd" | wc -l)" -le "$before" ]; }
	wait_until closed
}

@test "idle: not while a stream is open; what has its client's socket goes on without the server" {
	serve --idle-timeout 1
	bivy run -d --name web busybox sh -c 'while :; do echo a; sleep 0.2; done' >id
	python3 - "$SOCKET" "$SERVER" <<-'P'
		import os, socket, sys, time
		def ask(path, extra=''):
		    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(10)
		    s.sendall(f'POST {path} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n{extra}\r\n'.encode())
		    head = b''
		    while b'\r\n\r\n' not in head: head += s.recv(1)
		    return s, head
		def is_there():
		    try: return open(f'/proc/{sys.argv[2]}/stat').read().rpartition(')')[2].split()[0] != 'Z'
		    except OSError: return False
		attached, head = ask('/containers/web/attach?stream=1&stdout=1', 'Connection: Upgrade\r\nUpgrade: tcp\r\n')
		assert head.startswith(b'HTTP/1.1 101 '), head
		waiting, head = ask('/containers/web/wait')
		assert head.startswith(b'HTTP/1.1 200 '), head
		time.sleep(2.2)
		assert is_there()
		waiting.close()
		end = time.monotonic() + 10
		while is_there() and time.monotonic() < end: time.sleep(0.05)
		assert not is_there()
		attached.setblocking(False)
		try:
		    while attached.recv(65536): pass
		except BlockingIOError: pass
		attached.settimeout(5)
		assert attached.recv(10)[:8] == b'\1\0\0\0\0\0\0\2'
	P
	[ ! -e "$SOCKET" ]
	bivy rm -f web
}

@test "a server that was killed: who waits is told so, and waits at the next one" {
	command -v docker >/dev/null || skip "missing: docker's command line"
	serve
	bivy run -d --name web busybox sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done' >id
	timeout 20 docker wait web >out 2>err &
	local waiting=$! status=0
	TEST_PIDS+=("$waiting")
	bivy wait web >own &
	local own=$!
	sleep 0.5
	kill -9 "$SERVER"
	wait "$waiting" || status=$?
	[ "$status" -ne 0 ]
	[ -s err ]
	serve
	timeout 20 docker wait web >out &
	waiting=$!
	sleep 0.3
	bivy stop web
	wait "$waiting"
	[ "$(<out)" = 5 ]
	# What needs no server has noticed nothing.
	wait "$own"
	[ "$(<own)" = 5 ]
}

@test "killed in the midst of work: nobody is disturbed, nothing is left" {
	command -v docker >/dev/null && command -v docker-registry >/dev/null || skip "missing: docker's command line, docker-registry"
	run timeout -s KILL 120 "$BIVY_SOURCE/bench/server-kill" -n 3 -p 10 -b "$BIVY_BUILD"
	echo "$output"
	[ "$status" -eq 0 ]
}
