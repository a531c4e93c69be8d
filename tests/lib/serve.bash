# Common ground of the tests of bivy serve: `load` it after engine.bash.
#
# serve [ARGUMENT…]         in the background, on the socket SOCKET; SERVER is its id
# ask METHOD PATH [OPTION…] the answer's body, and its status on a line of its own
# status METHOD PATH [OPTION…] the status alone
# docker ARGUMENT…          docker's own command line, which talks to it; HAS_DOCKER is empty without

serve_setup_file() {
	[ -x "$BIVY_BUILD/bivy-server" ] && [ -x "$BIVY_BUILD/bivy-http" ] || skip "missing: bivy-server and bivy-http in this build"
	engine_setup_file
}

serve_setup() {
	engine_setup
	SOCKET=$WORK/s
	export DOCKER_HOST=unix://$SOCKET DOCKER_CONFIG=$WORK/docker DOCKER_BUILDKIT=0
	HAS_DOCKER=$(type -P docker || true)
}

serve() {
	become_bivy serve --listen "unix://$SOCKET" "$@" 2>"$WORK/log" &
	SERVER=$!
	TEST_PIDS+=("$SERVER")
	for _ in {1..500}; do
		[ ! -S "$SOCKET" ] || return 0
		kill -0 "$SERVER" || { cat "$WORK/log"; return 1; }
		sleep 0.01
	done
}

ask() { curl -s -m 20 -w '%{http_code}\n' --unix-socket "$SOCKET" -X "$1" "${@:3}" "http://d$2"; }
status() { curl -s -m 20 -o /dev/null -w '%{http_code}' --unix-socket "$SOCKET" -X "$1" "${@:3}" "http://d$2"; }
# body PATH: of a GET that is an answer.
body() { curl -s -m 20 -f --unix-socket "$SOCKET" "http://d$1"; }
