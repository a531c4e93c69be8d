# Hostile clients of the API. What they cannot do by being slow, many or silent is in tests/e2e/serve_limits.

bats_require_minimum_version 1.5.0
load lib/rows
load lib/strangers
load ../lib/serve

setup_file() {
	[ -x "$BIVY_BUILD/bivy-server" ] && [ -x "$BIVY_BUILD/bivy-http" ] || skip "missing: bivy-server and bivy-http in this build"
	strangers_setup_file
}

setup() {
	strangers_setup
	SOCKET=$WORK/s
}

client() { "$PYTHON" "$TESTS_DIR/attacks/lib/client.py" "$SOCKET" "$@"; }
# created NAME: whether there is a container of that name.
created() { bivy inspect "$1" >/dev/null 2>&1; }
# post PATH BODY [OPTION…]: the status.
post() { status POST "$1" --data-binary "$2" -H 'Content-Type: application/json' "${@:3}"; }
# server_is_well [MB]: it answers, and none of its programs has grown.
server_is_well() {
	local pid pids
	[ "$(status GET /_ping)" = 200 ] && [ "$(status GET /containers/json)" = 200 ] || fail "HIT: the server does not answer"
	pids=$(pgrep -P "$SERVER" || true)
	for pid in $SERVER $pids; do
		[ "$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status" 2>/dev/null || echo 0)" -lt "${1:-64}" ] || fail "HIT: a program of the server has grown: $(grep -e Name -e VmRSS "/proc/$pid/status")"
	done
}

# ---------------------------------------------------------------- HTTP

@test "requests with two meanings on a connection that is kept (smuggling)" {
	serve
	client smuggle >told
	[ "$(head -1 told)" = "honest 200 200" ] || fail "no attack: a second request has no answer: $(head -1 told)"
	[ "$(wc -l <told)" = 13 ]
	! tail -n +2 told | grep -v '^[a-z-]* 200 4[0-9 ]*$' || fail "HIT: answered:" "$(<told)"
	row "a request within another one's body, by 12 forms of lengths and codings (smuggling)" "heads of later requests are judged as the first is" "an honest second request has its answer"
}

@test "pages in a browser on this host (CSRF, DNS rebinding)" {
	serve
	local origin
	for origin in "Origin: http://evil.example" "Origin: null" "Origin: http://d"; do
		[ "$(status POST '/containers/create?name=forged' -H "$origin" -H 'Content-Type: text/plain' --data-binary '{"Image":"busybox"}')" = 403 ] ||
			fail "HIT: answered: $origin"
	done
	! created forged || fail "HIT: a page has made a container"
	# What such a page could send, from elsewhere; and a page of the address itself.
	[ "$(status POST '/containers/create?name=forged' -H 'Content-Type: text/plain' --data-binary '{"Image":"busybox"}')" = 201 ] || fail "no attack"
	[ "$(status GET /_ping)" = 200 ]
	[ "$(status GET /containers/json -H 'Host: 127.0.0.1:2375' -H 'Origin: http://127.0.0.1:2375')" = 200 ]
	row "a page that posts to the API from a browser of this host (CSRF, DNS rebinding)" "requests with another origin are refused" "without an Origin it is done"
}

@test "what follows on an upgrade is no request" {
	bivy run -d -i --name one --network none busybox cat >/dev/null
	serve
	run client hijack '/containers/one/attach?stream=1&stdin=1&stdout=1&stderr=1'
	[[ $output == "HTTP/1.1 101"*"POST /containers/create?name=smuggled"* ]] || fail "no attack: it does not come to the container" "$output"
	! created smuggled || fail "HIT: what is for the container was a request"
	# Who asks for an upgrade where there is none has no tunnel.
	run client hijack '/containers/one/wait?condition=removed'
	[[ $output != *"HTTP/1.1 101"* ]] || fail "HIT: upgraded: $output"
	! created smuggled || fail "HIT: what is behind a refused upgrade was a request"
	[ "$(post '/containers/create?name=smuggled' '{"Image":"busybox"}')" = 201 ] || fail "no attack: the request is none"
	row "a request behind an upgrade, as input of a container, and where nothing is upgraded" "the connection is the container's; a refused upgrade ends it" "by itself it is done"
}

# ---------------------------------------------------------------- names and documents

@test "names that are paths" {
	serve
	local up=..%2f..%2fcanary path
	[ -e "$SCRATCH/root/volumes/../../canary/file" ] || mkdir -p "$SCRATCH/root/volumes"
	[ -e "$SCRATCH/root/volumes/../../canary/file" ] || fail "no attack: the path leads nowhere"
	for path in "/volumes/$up" "/containers/$up?force=1&v=1" "/networks/$up" "/images/../../canary?force=1" "/images/$up?force=1" "/containers/..?force=1" "/volumes/%2e%2e"; do
		[[ $(status DELETE "$path" --path-as-is) == 4?? ]] || fail "HIT: deleted: $path"
	done
	for path in "/containers/$up/json" "/containers/$up/logs?stdout=1" "/exec/$up/json" "/volumes/$up" "/networks/$up" "/images/$up/json" "/containers/one%00/json" \
		"/v1.41/../containers/json" "/%2e%2e/containers/json"; do
		[[ $(status GET "$path" --path-as-is) == 4?? ]] || fail "HIT: answered: $path"
	done
	[ "$(post "/containers/create?name=$up" '{"Image":"busybox"}')" = 400 ]
	[ "$(post /volumes/create '{"Name":"../../canary"}')" = 400 ]
	[ "$(post /networks/create '{"Name":"../../canary"}')" = 400 ]
	[ "$(post '/images/busybox/tag?repo=..%2f..%2fcanary' '')" = 400 ]
	[ "$(post '/commit?container=..%2f..%2fcanary' '{}')" = 404 ]
	assert_canary
	row "names of containers, volumes, networks, images and execs that are paths (..%2f)" "grammar of names; segments are parted before they are decoded" "from where the records are the path leads to the host's file"
}

@test "documents: deep, twice, in other letters, too large" {
	serve
	body_of() { printf '{"Image":"busybox","HostConfig":'; head -c "$1" /dev/zero | tr '\0' '['; }
	[ "$(body_of 2000000 | post '/containers/create?name=deep' @-)" = 400 ]
	[ "$(post '/containers/create?name=twice' '{"Image":"busybox","HostConfig":{},"HostConfig":{"Privileged":true}}')" = 400 ] || fail "HIT: twice"
	[ "$(head -c 20000000 /dev/zero | post '/containers/create?name=large' @-)" = 400 ]
	# Who filters documents sees what we see: other letters are another member.
	[ "$(post '/containers/create?name=letters' '{"Image":"busybox","hostConfig":{"Privileged":true},"hostconfig":{"privileged":true}}')" = 201 ]
	[ "$(bivy inspect -f '{{.HostConfig.Privileged}}' letters)" = false ] || fail "HIT: privileged"
	[ "$(post '/containers/create?name=plain' '{"Image":"busybox","HostConfig":{"Privileged":true}}')" = 201 ]
	[ "$(bivy inspect -f '{{.HostConfig.Privileged}}' plain)" = true ] || fail "no attack"
	server_is_well
	row "bodies of two million levels, of 20 MB, with members twice or in other letters" "bounds of documents; one meaning of each" "written once the member counts"
}

@test "filters: patterns that take gigabytes, values without end" {
	serve --allow read-only
	local pattern kind
	for pattern in '(((a{255}){255}){255})' '((([a-z]*){100}){100})' '((a?){99}){99}'; do
		for kind in containers/json networks; do
			[ "$(status GET "/$kind" -G --data-urlencode "filters={\"name\":[\"$pattern\"]}")" = 400 ] || fail "HIT: $kind $pattern"
		done
		[ "$(status GET /volumes -G --data-urlencode "filters={\"name\":[\"$pattern\"]}")" = 200 ] # as text
	done
	[ "$(status GET /containers/json -G --data-urlencode 'filters={"name":["(a{9}){9}"]}')" = 200 ]
	[ "$(status GET "/containers/json?filters=%7B%22label%22:$(head -c 9000 /dev/zero | tr '\0' '[')" -g)" = 400 ]
	server_is_well
	{
		# A program of the same C library, to which nobody says no.
		run -0 bash -c "ulimit -v 1000000; ! echo a | timeout 5 '$BASE_ROOTFS/bin/busybox' grep -E '((([a-z]*){100}){100})'"
	}
	row "patterns of filters that regcomp(3) takes gigabytes for, by who may only look" "a budget for patterns" "grep(1) does not come to an end with it, or to memory"
}

# ---------------------------------------------------------------- sessions and HTTP/2

@test "sessions: ids that are paths" {
	serve
	local id
	for id in ../../../canary/s /tmp/s .. . a/b "$(head -c 500 /dev/zero | tr '\0' a)"; do
		[ "$(status POST /session -H "X-Docker-Expose-Session-Uuid: $id" -H 'Connection: Upgrade' -H 'Upgrade: h2c')" = 400 ] || fail "HIT: accepted: $id"
	done
	assert_canary
	row "ids of sessions that are paths of sockets" "grammar of ids" "each would be a file of that name"
}

@test "HTTP/2: floods of frames (rapid reset, continuation, settings, table)" {
	[ -x "$BIVY_BUILD/bivy-grpc" ] || skip "missing: bivy-grpc in this build"
	serve
	local kind pid used
	for kind in ping settings reset continuation table priority empty-data; do
		: >flooded # what the one before said is not this one's
		client flood "$kind" >flooded 3>&- &
		own_pid $!
		wait_for test -s flooded
		for pid in $(pgrep -x bivy-grpc); do
			[ "$(readlink "/proc/$pid/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
			used=$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status" 2>/dev/null || echo 0)
			[ "${used:-0}" -lt 32 ] || fail "HIT: $kind: $used MB"
		done
		kill $! 2>/dev/null || true
		case $kind in
		# What each costs us something is ended; what is thrown away is read.
		ping | settings | reset | continuation) [ "$(<flooded)" = closed ] || fail "HIT: $kind goes on: $(<flooded)" ;;
		esac
	done
	server_is_well
	row "HTTP/2: rapid reset (CVE-2023-44487), continuation (CVE-2024-27316), ping, settings, header table, priorities" "bounds of bivy-grpc, as nobody, for one connection" "it is HTTP/2: the connection is accepted first"
}

# ---------------------------------------------------------------- what a socket allows

@test "--allow: no way around it" {
	bivy run -d --name one --network none busybox sleep 100 >/dev/null
	# Whatever is a route in the source, with its permission, is asked for here.
	sed -n 's/^\t{ "\([A-Z]*\)", "\([^"]*\)", API_\([A-Z_]*\),.*/\3 \1 \2/p' "$BIVY_SOURCE/src/api/routes.c" | sed 's/{}/one/g; s/{…}/busybox/' >routes
	[ "$(wc -l <routes)" -gt 100 ]
	local permission
	for permission in metrics read-only containers; do
		serve --allow "$permission"
		case $permission in
		metrics) grep -v '^METRICS ' routes | cut -d' ' -f2- >denied ;;
		read-only) grep -e '^ALL ' -e '^CONTAINERS ' routes | cut -d' ' -f2- >denied ;;
		containers) grep '^ALL ' routes | cut -d' ' -f2- >denied ;;
		esac
		client allowed denied >told
		! grep -v '^403 ' told || fail "HIT: --allow $permission answers:" "$(grep -v '^403' told)"
		# Other spellings of one of them.
		printf '%s\n' 'POST //containers/create' 'POST /containers//create' 'POST /v1.41/v1.41/containers/create' 'POST /%63ontainers/create' 'POST /containers/create/' \
			'POST /containers/json/../create' 'POST /containers%2fcreate' 'post /containers/create' 'GET /containers/create' 'POST /containers/create?name=xx#' \
			'POST http://d/containers/create' 'POST /v1.41/containers/create;x=1' 'POST \containers\create' 'PUT /containers/create' 'POST /_ping/../containers/create' \
			'POST /containers/create%00' 'POST /Containers/Create' >spellings
		client allowed spellings >told
		! grep '^2' told || fail "HIT: --allow $permission answers:" "$(<told)"
		[ "$(status GET /containers/create -H 'X-HTTP-Method-Override: POST')" != 201 ]
		[ "$(bivy ps -aq | wc -l)" = 1 ] || fail "HIT: something was made: $(bivy ps -a)"
		[ "$(state_of one)" = running ] || fail "HIT: it does not run any more"
		kill "$SERVER"
		wait "$SERVER" || true
	done
	serve
	[ "$(post '/containers/create?name=xx' '{"Image":"busybox"}')" = 201 ] || fail "no attack: nothing is made"
	row "each of the API's calls that a restricted socket does not allow, and 17 other spellings" "the route's permission, after the path is decoded once" "with --allow all it is done"
}

# ---------------------------------------------------------------- archives

@test "archives into a container that runs: names and links that lead to the host" {
	mkdir hostile
	tar c -C "$BASE_ROOTFS" ./etc | "$PYTHON" "$TESTS_DIR/attacks/lib/images.py" make "$CANARY" "$WORK/hostile"
	bivy run -d --name one --network none busybox sleep 100 >/dev/null
	serve
	local name
	for name in dotdot absolute through-link through-links onto-link hard-link hard-link-dotdot hard-link-through swapped pax-path mode-of-link root-link; do
		is_an_attack "$WORK/hostile/$name.layer"
		bivy exec one mkdir -p "/tmp/$name/a/b"
		status PUT "/containers/one/archive?path=/tmp/$name/a/b" --data-binary @"hostile/$name.layer" >/dev/null
		status PUT "/containers/one/archive?path=/" --data-binary @"hostile/$name.layer" >/dev/null
		assert_canary
	done
	! bivy exec one test -e "$CANARY/file" || fail "HIT: the host's file is in the container"
	[ "$(bivy exec one cat /etc/passwd | head -1)" = "$(head -1 "$BASE_ROOTFS/etc/passwd")" ]
	row "PUT /archive with names, links and hard links that lead to the host (12 archives)" "paths end in the container's root (RESOLVE_IN_ROOT)" "a careless program changes the host's files"
}

@test "archives out of a container: links of procfs" {
	bivy run -d --name one --network none -v "$CANARY/dir:/given" busybox sleep 100 >/dev/null
	serve
	local path
	for path in /proc/1/root /proc/self/root/etc/passwd /proc/self/cwd /proc/self/exe /proc/1/fd/0 /proc/self/fd/3 /given/../../file /proc/self/root/../file; do
		curl -s -m 5 --unix-socket "$SOCKET" "http://d/containers/one/archive" -G --data-urlencode "path=$path" >out.tar || true
		! grep -aq -e "of the host" -e "^root:[^:]*:0:0:root:/root:/bin/bash" out.tar || fail "HIT: read from the host by $path"
	done
	# The same path by name, from where a careless program stands.
	grep -q "of the host" "$CANARY/dir/../file" || fail "no attack"
	[ "$(curl -s --unix-socket "$SOCKET" "http://d/containers/one/archive?path=/given/inner" | tar xO)" = inner ]
	row "GET /archive of /proc/self/root, /proc/self/fd/N, volumes with .." "RESOLVE_IN_ROOT without magic links" "by name the same path leads to the host's file"
}
