# bivy serve: sockets, who may do what on them, and what happens when something ends. What the API answers is in serve_*.bats.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() { serve_setup_file; }
setup() { serve_setup; }

# As those of serve.bash, without the method: ask PATH [OPTION…], the body, and the status behind it; status PATH [OPTION…].
ask() { curl -s -m 10 -w '%{http_code}' --unix-socket "$SOCKET" "${@:2}" "http://d$1"; }
status() { curl -s -m 10 -o /dev/null -w '%{http_code}' --unix-socket "$SOCKET" "${@:2}" "http://d$1"; }

@test "versions: negotiated by path, and what every reply says" {
	serve
	run curl -s -i --unix-socket "$SOCKET" http://d/_ping
	[[ "$output" == *"HTTP/1.1 200"*"Api-Version: 1.50"*"Builder-Version: 2"*OK ]]
	[ "$(curl -s -I --unix-socket "$SOCKET" http://d/_ping | grep -c -i -e '^api-version: 1.50' -e '^ostype: linux' -e '^content-length: 0')" = 3 ]
	[ "$(status /v1.24/_ping)" = 200 ]
	# Connections are kept.
	[ "$(curl -s -v --unix-socket "$SOCKET" http://d/_ping http://d/version http://d/_ping http://d/containers/json 2>&1 >/dev/null | grep -c 'Re-using existing connection')" = 3 ]
	[ "$(status /v1.56/version)" = 200 ]
	[ "$(ask /v1.23/version)" = '{"message":"client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version"}
400' ]
	[[ "$(ask /v1.99/_ping)" == *"client version 1.99 is too new. Maximum supported API version is 1.50"*400 ]]
	[ "$(ask /nothing)" = '{"message":"page not found"}
404' ]
	[ "$(ask /version | head -1 | jq -r '.ApiVersion + " " + .MinAPIVersion + " " + .Os')" = "1.50 1.24 linux" ]
}

@test "who reads the bytes of clients is nobody, and may do little" {
	serve
	[ "$(status /_ping)" = 200 ]
	local front nobody=65534
	! is_user || nobody=$(bivy system enter awk '$1 <= 65534 && 65534 < $1 + $3 { print $2 + 65534 - $1 }' /proc/self/uid_map)
	front=$(pgrep -P "$SERVER" -x bivy-http)
	run grep -E '^(Uid|Groups|CapEff|CapPrm|NoNewPrivs|Seccomp):' "/proc/$front/status"
	assert_output $'Uid:\t'"$nobody"$'\t'"$nobody"$'\t'"$nobody"$'\t'"$nobody"$'\nGroups:\t \nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
}

@test "who answers what only looks can do no more than look" {
	serve
	local caps=0000000000081004 pid
	! is_user || caps=0000000000281004
	for path in '/containers/json?all=1' /images/json '/images/json?shared-size=1' /info /metrics /volumes; do
		[ "$(status "$path")" = 200 ]
	done
	curl -s -N --unix-socket "$SOCKET" http://d/events >"$WORK/events" &
	TEST_PIDS+=($!)
	for _ in {1..100}; do
		[ "$(pgrep -c -P "$SERVER" -x bivy-server)" -lt 2 ] || break
		sleep 0.02
	done
	for pid in $(pgrep -P "$SERVER" -x bivy-server); do
		run grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$pid/status"
		assert_output $'CapEff:\t'"$caps"$'\nCapBnd:\t'"$caps"$'\nNoNewPrivs:\t1\nSeccomp:\t2'
	done
	[ -n "$pid" ]
	bivy run --name one busybox true
	for _ in {1..100}; do
		! grep -q '"status":"die"' "$WORK/events" || break
		sleep 0.02
	done
	grep -q '"status":"die"' "$WORK/events"
}

@test "what is no request is refused, and nothing falls" {
	serve
	[[ "$(printf 'NONSENSE\r\n\r\n' | python3 "$BIVY_SOURCE/tests/lib/raw.py" "$SOCKET")" == "HTTP/1.1 400 "*'{"message":"the request does not begin with a method"}' ]]
	head -c 200000 /dev/urandom | python3 "$BIVY_SOURCE/tests/lib/raw.py" "$SOCKET" >/dev/null || true
	[[ "$({ printf 'GET /_ping HTTP/1.1\r\nHost: d\r\n'; yes 'X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' | head -2000 | sed 's/$/\r/'; printf '\r\n'; } |
		python3 "$BIVY_SOURCE/tests/lib/raw.py" "$SOCKET")" == "HTTP/1.1 431 "* ]]
	[ "$(status '/containers/%00/json')" = 400 ]
	[ "$(status '/containers/json?filters=%7Bbroken')" = 400 ]
	[ "$(status '/containers/json?limit=x')" = 400 ]
	[ "$(status /_ping)" = 200 ]
}

@test "--allow: read-only looks, containers leads, all is all" {
	bivy run -d --name one busybox sleep 100 >"$WORK/id"
	serve --allow read-only
	[ "$(ask '/containers/json' | head -1 | jq -r '.[0].Names[0]')" = /one ]
	[[ "$(ask /containers/one/stop?t=0 -X POST)" == *"does not allow"*403 ]]
	[ "$(state_of one)" = running ]
	kill "$SERVER"; wait "$SERVER" || true
	[ ! -e "$SOCKET" ]
	serve --allow containers
	[ "$(status /containers/one/kill -X POST)" = 204 ]
	[ "$(status /containers/one/wait -X POST)" = 200 ]
	[ "$(state_of one)" = exited ]
}

@test "killed: the next one takes the socket, containers know nothing of it" {
	bivy run -d --name one busybox sleep 100 >"$WORK/id"
	serve
	curl -s --unix-socket "$SOCKET" -X POST http://d/containers/one/wait >"$WORK/wait" &
	TEST_PIDS+=($!)
	local waiting=$!
	sleep 0.2
	kill -9 "$SERVER"
	! wait "$waiting"
	[ -S "$SOCKET" ]
	[ "$(state_of one)" = running ]
	serve
	for _ in {1..100}; do [ "$(status /_ping)" = 200 ] && break; sleep 0.02; done
	[ "$(status /containers/one/json)" = 200 ]
	run -1 bivy serve --listen "unix://$SOCKET"
	[[ "$output" == *"another server has it"* ]]
	# Whoever waited has ended, too: what is left of the first server is nothing but its last line.
	[ "$(pgrep -c -f "[-]-listen unix://$SOCKET")" = 1 ]
}

@test "idle: it ends, and takes its socket along" {
	serve --idle-timeout 1
	[ "$(status /_ping)" = 200 ]
	timeout 10 tail --pid="$SERVER" -f /dev/null
	wait "$SERVER"
	[ ! -e "$SOCKET" ]
}

@test "fd://: a socket that was handed over, as systemd does it" {
	cat >activate.py <<-'END'
		import os, socket, sys
		listening = socket.socket(socket.AF_UNIX)
		listening.bind(sys.argv[1])
		listening.listen(8)
		os.dup2(listening.fileno(), 3)
		os.set_inheritable(3, True)
		os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
		os.execv(sys.argv[2], sys.argv[2:])
	END
	python3 activate.py "$SOCKET" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" serve --listen fd:// --idle-timeout 1 3>&- &
	SERVER=$!
	TEST_PIDS+=("$SERVER")
	for _ in {1..100}; do [ "$(status /_ping)" = 200 ] && break; sleep 0.02; done
	[ "$(status /version)" = 200 ]
	wait "$SERVER"
	# The socket was not its own.
	[ -S "$SOCKET" ]
	run -1 bivy serve --listen fd://
	[[ "$output" == *"no socket was handed over"* ]]
}

@test "TCP: with certificates only, or off the network and on purpose" {
	local port=2376
	run -1 bivy serve --listen tcp://127.0.0.1:$port
	[[ "$output" == *"every program of this host could become root by it"* ]]
	run -1 bivy serve --listen tcp://0.0.0.0:$port --insecure
	[[ "$output" == *"without TLS whoever reaches it would be root here"* ]]
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 2 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out csr -subj /CN=both 2>/dev/null
	openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile <(printf 'subjectAltName=IP:127.0.0.1') 2>/dev/null
	serve --listen tcp://127.0.0.1:$port --tlscacert ca.pem --tlscert cert.pem --tlskey key.pem
	[ "$(curl -s --cacert ca.pem --cert cert.pem --key key.pem https://127.0.0.1:$port/_ping)" = OK ]
	! curl -s -m 3 --cacert ca.pem https://127.0.0.1:$port/_ping
	! curl -s -m 3 http://127.0.0.1:$port/_ping
}

@test "dial-stdio: a connection through a pipe" {
	serve
	[[ "$(printf 'GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n' | { cat; sleep 0.3; } | bivy system dial-stdio --socket "$SOCKET")" == "HTTP/1.1 200"*OK ]]
	run -1 bivy system dial-stdio --socket "$WORK/nobody"
	[[ "$output" == *"cannot connect to"*"'bivy serve' listens there when it runs"* ]]
}
