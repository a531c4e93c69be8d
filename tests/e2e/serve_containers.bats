# bivy serve: containers, as docker's clients make, attach to, execute in and look into them.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() { serve_setup_file; }
teardown_file() { engine_teardown_file; }
setup() { serve_setup; }

# create NAME BODY: its id.
create() { curl -s -m 10 --unix-socket "$SOCKET" -H 'Content-Type: application/json' -d "$2" "http://d/containers/create?name=$1" | jq -r .Id; }
# ask METHOD PATH [OPTION…]: the body.
ask() { curl -s -m 10 --unix-socket "$SOCKET" -X "$1" "${@:3}" "http://d$2"; }

need_docker() {
	command -v docker >/dev/null || skip "missing: the docker command"
	export DOCKER_HOST=unix://$SOCKET
}

@test "create: what is said counts, what is wrong is told in docker's words" {
	serve
	id=$(create web '{"Image":"busybox","Cmd":["sleep","9"],"Env":["A=1"],"Labels":{"l":"v"},"HostConfig":{"Binds":["/tmp:/x:ro"],"Tmpfs":{"/t":"size=1m"},
		"Memory":33554432,"PidsLimit":0,"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":2}}}')
	[ "${#id}" = 64 ]
	ask GET /containers/web/json >web
	[ "$(jq -c '[.Name, .Config.Cmd, .Config.Labels, .HostConfig.Binds, .HostConfig.Memory, .HostConfig.RestartPolicy.MaximumRetryCount, .HostConfig.LogConfig.Type]' web)" = \
		'["/web",["sleep","9"],{"l":"v"},["/tmp:/x:ro"],33554432,2,"json-file"]' ]
	[ "$(status POST '/containers/create?name=web' -d '{"Image":"busybox","Cmd":["x"]}')" = 409 ]
	[[ "$(ask POST '/containers/create?name=web' -d '{"Image":"busybox","Cmd":["x"]}')" == *'Conflict. The container name \"/web\" is already in use'* ]]
	[ "$(status POST /containers/create -d '{"Image":"nothing"}')" = 404 ]
	[ "$(ask POST /containers/create -d '{"Image":"nothing"}')" = '{"message":"No such image: nothing:latest"}' ]
	[ "$(status POST /containers/create -d '{"Image":')" = 400 ]
	[ "$(status POST /containers/create -d '')" = 400 ]
	[ "$(status POST /containers/create -d '{"Image":"busybox","HostConfig":{"Memory":"much"}}')" = 400 ]
}

@test "attach before the start: not a byte is lost, frames tell the streams apart, and the end comes" {
	serve
	create a1 '{"Image":"busybox","Cmd":["sh","-c","read x; echo got $x; echo err >&2; exit 3"],"OpenStdin":true,"StdinOnce":true}'
	python3 - "$SOCKET" <<-'P'
		import socket, sys, threading
		def ask(method, path, extra=''):
		    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(10)
		    s.sendall(f'{method} {path} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n{extra}\r\n'.encode())
		    head = b''
		    while b'\r\n\r\n' not in head: head += s.recv(1)
		    return s, head
		s, head = ask('POST', '/containers/a1/attach?stream=1&stdin=1&stdout=1&stderr=1', 'Connection: Upgrade\r\nUpgrade: tcp\r\n')
		assert head.startswith(b'HTTP/1.1 101 '), head
		assert b'application/vnd.docker.multiplexed-stream' in head, head
		assert ask('POST', '/containers/a1/start')[1].startswith(b'HTTP/1.1 204 ')
		s.sendall(b'one\n')
		s.shutdown(socket.SHUT_WR)
		data = b''
		while (more := s.recv(4096)): data += more
		out = {1: b'', 2: b''}
		while data:
		    n = int.from_bytes(data[4:8], 'big'); out[data[0]] += data[8:8 + n]; data = data[8 + n:]
		assert out == {1: b'got one\n', 2: b'err\n'}, out
	P
	[ "$(ask POST '/containers/a1/wait' | jq -c .)" = '{"StatusCode":3}' ]
	[ -z "$(ls "$RUN_ROOT/waiting" 2>/dev/null)" ]
}

# make_exec DOCUMENT: the id of an exec in the container `one`.
make_exec() { ask POST /containers/one/exec -d "$1" | jq -r .Id; }

@test "exec: made, started, and its exit code is known afterwards" {
	serve
	bivy run -d --name c1 busybox sleep 100
	id=$(ask POST /containers/c1/exec -d '{"AttachStdout":true,"AttachStderr":true,"Cmd":["sh","-c","echo out; echo err >&2; exit 4"]}' | jq -r .Id)
	[ "$(ask GET "/exec/$id/json" | jq -c '[.Running, .ExitCode, .ProcessConfig.entrypoint]')" = '[false,null,"sh"]' ]
	ask POST "/exec/$id/start" -d '{}' | tr -d '\0\1\2\4' >out
	[ "$(<out)" = $'out\nerr' ]
	[ "$(ask GET "/exec/$id/json" | jq -c '[.Running, .ExitCode, .Pid]')" = '[false,4,0]' ]
	[ "$(status POST "/exec/$id/start" -d '{}')" = 409 ]
	id=$(ask POST /containers/c1/exec -d '{"Cmd":["nix"]}' | jq -r .Id)
	[[ "$(ask POST "/exec/$id/start" -d '{"Detach":true}')" == *'executable file not found in $PATH'* ]]
	[ "$(ask GET "/exec/$id/json" | jq -c '[.Running, .ExitCode]')" = '[false,127]' ]
	id=$(ask POST /containers/c1/exec -d '{"Cmd":["sleep","50"]}' | jq -r .Id)
	[ "$(status POST "/exec/$id/start" -d '{"Detach":true}')" = 200 ]
	[ "$(ask GET "/containers/c1/json" | jq -c .ExecIDs)" = "[\"$id\"]" ]
	[ "$(ask GET "/exec/$id/json" | jq .Running)" = true ]
	[ "$(status GET /exec/abc/json)" = 404 ]
	[ "$(status POST /containers/c1/exec -d '{"Cmd":[]}')" = 400 ]
	bivy rm -f c1
	[ "$(status GET "/exec/$id/json")" = 404 ]
}

@test "exec: the stream comes after its head has been read, in the form that its start asks for" {
	local id
	bivy run -d --name one busybox sleep 100
	serve
	id=$(make_exec '{"Cmd":["echo","hi"],"AttachStdout":true,"Tty":true}')
	# Who takes what is there for the head, and no more than once, loses nothing of the stream.
	python3 - "$SOCKET" "$id" <<-'PYTHON' >out
		import socket, sys, time
		body = b'{"Tty":false}'
		with socket.socket(socket.AF_UNIX) as client:
		    client.settimeout(10)
		    client.connect(sys.argv[1])
		    client.sendall(b"POST /exec/%s/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\n"
		                   b"Content-Length: %d\r\n\r\n%s" % (sys.argv[2].encode(), len(body), body))
		    time.sleep(0.05)
		    head, rest = client.recv(65536), b""
		    while block := client.recv(65536):
		        rest += block
		print(head.startswith(b"HTTP/1.1 101"), head.endswith(b"\r\n\r\n"), rest)
	PYTHON
	[ "$(<out)" = "True True b'\x01\x00\x00\x00\x00\x00\x00\x04hi\r\n'" ]
	id=$(make_exec '{"Cmd":["echo","hi"],"AttachStdout":true}')
	[ "$(ask POST "/exec/$id/start" -d '{"Tty":true}')" = hi ]
}

@test "files: archive there and back, changes, export" {
	serve
	bivy run -d --name c1 busybox sh -c 'mkdir /d; echo 1 >/d/f; ln -s d /l; sleep 100'
	for _ in {1..100}; do [ "$(status HEAD '/containers/c1/archive?path=/l' -I)" != 200 ] || break; sleep 0.05; done
	[ "$(curl -s -I --unix-socket "$SOCKET" 'http://d/containers/c1/archive?path=/l' | tr -d '\r' | sed -n 's/^X-Docker-Container-Path-Stat: //p' | base64 -d |
		jq -c '[.name, .mode, .linkTarget]')" = '["l",134218239,"/d"]' ]
	ask GET '/containers/c1/archive?path=/d' >d.tar
	[ "$(tar tf d.tar | sort | tr '\n' ' ')" = 'd/ d/f ' ]
	[ "$(ask GET '/containers/c1/archive?path=/d/.' | tar t | sort | tr '\n' ' ')" = './ ./f ' ]
	[ "$(status PUT '/containers/c1/archive?path=/tmp' --data-binary @d.tar)" = 200 ]
	[ "$(bivy exec c1 cat /tmp/d/f)" = 1 ]
	[ "$(status GET '/containers/c1/archive?path=/nix')" = 404 ]
	[ "$(status PUT '/containers/c1/archive?path=/d/f' --data-binary @d.tar)" = 400 ]
	[ "$(ask GET /containers/c1/changes | jq -c 'map(select(.Path == "/d/f"))')" = '[{"Path":"/d/f","Kind":1}]' ]
	[ "$(ask GET /containers/c1/export | tar t | grep -c -x 'd/f')" = 1 ]
	bivy rm -f c1
}

@test "logs, top, stats, update, prune" {
	serve
	bivy run -d --name c1 busybox sh -c 'echo a; echo b >&2; sleep 100'
	for _ in {1..100}; do [ "$(bivy logs c1 2>&1 | wc -l)" != 2 ] || break; sleep 0.05; done
	[ "$(ask GET '/containers/c1/logs?stdout=1' | od -An -c | tr -d ' \n')" = '001\0\0\0\0\0\0002a\n' ]
	[ "$(status GET /containers/c1/logs)" = 400 ]
	[ "$(ask GET /containers/c1/top | jq -c '[.Titles[0], .Titles[7], (.Processes | length > 0)]')" = '["UID","CMD",true]' ]
	[ "$(ask GET '/containers/c1/stats?stream=0&one-shot=1' | jq -c '[.name, .preread, .memory_stats.usage > 0, .cpu_stats.online_cpus > 0]')" = \
		'["/c1","0001-01-01T00:00:00Z",true,true]' ]
	[ "$(ask GET '/containers/c1/stats?stream=0' | jq '.precpu_stats.system_cpu_usage > 0')" = true ]
	[ "$(ask POST /containers/c1/update -d '{"RestartPolicy":{"Name":"always"}}')" = '{"Warnings":null}' ]
	[ "$(ask GET /containers/c1/json | jq -r .HostConfig.RestartPolicy.Name)" = always ]
	bivy create --name gone busybox
	id=$(bivy inspect -f '{{.Id}}' gone)
	[ "$(ask POST /containers/prune | jq -c .ContainersDeleted)" = "[\"$id\"]" ]
	[ "$(ask POST /containers/prune | jq -c .ContainersDeleted)" = null ]
	bivy rm -f c1
}

@test "docker run, exec, cp, logs: as with docker" {
	need_docker
	serve
	run -3 --separate-stderr timeout -s KILL 20 docker run --rm busybox sh -c 'echo out; echo err >&2; exit 3'
	[ "$output" = out ]
	[ "$stderr" = err ]
	[ "$(echo in | timeout -s KILL 20 docker run --rm -i busybox cat)" = in ]
	script -qec 'stty rows 30 cols 90; timeout --foreground -s KILL 20 docker run --rm -it busybox sh -c "sleep 0.5; stty size"' /dev/null </dev/null >size
	grep -q '30 90' size
	run -127 timeout -s KILL 20 docker run --rm busybox nix
	[ -z "$(bivy ps -aq)" ]
	docker run -d --name c1 busybox sh -c 'echo one; sleep 1; echo two; sleep 100'
	[ "$(timeout -s KILL 5 docker logs -f c1 2>/dev/null | head -2)" = $'one\ntwo' ]
	[ "$(docker exec c1 echo hi)" = hi ]
	echo file >f
	docker cp f c1:/tmp/g
	docker cp c1:/tmp/g h
	[ "$(<h)" = file ]
	docker rm -f c1
}

@test "attach as a web socket: what goes in and what comes out" {
	serve
	create w1 '{"Image":"busybox","Cmd":["sh","-c","read x; echo got $x"],"OpenStdin":true,"StdinOnce":true}'
	python3 - "$SOCKET" <<-'P'
		import socket, sys, os
		def ask(method, path, extra=''):
		    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(10)
		    s.sendall(f'{method} {path} HTTP/1.1\r\nHost: d\r\n{extra}\r\n'.encode())
		    head = b''
		    while b'\r\n\r\n' not in head: head += s.recv(1)
		    return s, head
		s, head = ask('GET', '/containers/w1/attach/ws?stream=1&stdin=1&stdout=1',
		    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n')
		assert head.startswith(b'HTTP/1.1 101 ') and b's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' in head, head
		assert ask('POST', '/containers/w1/start', 'Content-Length: 0\r\n')[1].startswith(b'HTTP/1.1 204 ')
		mask = b'\1\2\3\4'
		s.sendall(bytes([0x81, 0x84]) + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(b'one\n')))
		data = b''
		while (more := s.recv(4096)): data += more
		assert data == b'\x82\x08got one\n' + b'\x88\x02\x03\xe8', data
	P
	[ "$(status GET '/containers/w1/attach/ws?stream=1')" = 400 ]
}

@test "wait: an end is seen, however soon it comes, and of what is started again each end counts" {
	serve
	for condition in next-exit removed; do
		create "q-$condition" '{"Image":"busybox","Cmd":["sh","-c","exit 7"],"HostConfig":{"AutoRemove":'"$([ $condition = removed ] && echo true || echo false)"'}}'
		python3 - "$SOCKET" "q-$condition" $condition <<-'P'
			import json, os, signal, socket, sys, time
			def ask(path):
			    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(10)
			    s.sendall(f'POST {path} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'.encode())
			    return s
			s = ask(f'/containers/{sys.argv[2]}/wait?condition={sys.argv[3]}')
			data = b''
			while b'\r\n\r\n' not in data: data += s.recv(1)
			assert ask(f'/containers/{sys.argv[2]}/start').recv(4096).startswith(b'HTTP/1.1 204 ')
			while (more := s.recv(4096)): data += more
			assert b'{"StatusCode":7}' in data, data
		P
	done
	[ -z "$(ls "$SCRATCH/run/waiting" 2>/dev/null)" ]
	bivy run --name again --restart on-failure:1 busybox false || true
	[ "$(ask POST '/containers/again/wait' | jq -c .)" = '{"StatusCode":1}' ]
	[ "$(status DELETE /containers/again)" = 204 ]
	bivy run -d --name always --restart always busybox sh -c 'sleep 0.3; exit 3'
	[ "$(ask POST '/containers/always/wait' | jq -c .)" = '{"StatusCode":3}' ]
	[ "$(ask POST '/containers/always/wait?condition=next-exit' | jq -c .)" = '{"StatusCode":3}' ]
	bivy rm -f always
	# Who does not wait until the end leaves nothing behind.
	create left '{"Image":"busybox"}'
	curl -s -m 0.3 --unix-socket "$SOCKET" -X POST 'http://d/containers/left/wait?condition=removed' || true
	bivy rm left
	[ -z "$(ls "$SCRATCH/run/waiting" 2>/dev/null)" ]
}
