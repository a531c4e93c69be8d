# bivy-transfer and registries: Debian's docker-registry, plain and with TLS and logins, and one that misbehaves.
bats_require_minimum_version 1.5.0
export LC_ALL=C.UTF-8

PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=$(command -v python3)

# free_port: a port that nobody has right now.
free_port() {
	"$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_registry NAME PORT [LINE]…: docker-registry on the port; LINEs go into its configuration. Its pid goes into $SCRATCH/pids.
start_registry() {
	{
		printf '%s\n' 'version: 0.1' 'log: { level: error, accesslog: { disabled: true } }' \
			"storage: { filesystem: { rootdirectory: $SCRATCH/$1 }, delete: { enabled: true } }"
		printf '%s\n' "${@:3}"
	} >"$SCRATCH/$1.yml"
	docker-registry serve "$SCRATCH/$1.yml" >"$SCRATCH/$1.log" 2>&1 3>&- &
	echo $! >>"$SCRATCH/pids"
	for _ in $(seq 200); do
		! (exec 9<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null || return 0
		sleep 0.05
	done
	cat "$SCRATCH/$1.log" >&2
	return 1
}

make_certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$SCRATCH/key.pem" -out "$SCRATCH/cert.pem" 2>/dev/null
}

setup_file() {
	[ -x "$BIVY_BUILD/bivy-transfer" ] || MISSING="bivy-transfer in this build"
	for program in docker-registry htpasswd openssl jq "$PYTHON"; do
		command -v "$program" >/dev/null || MISSING="program $program"
	done
	export MISSING
	[ -z "${MISSING:-}" ] || return 0
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/bivy-test.XXXXXX")
	HOME=$SCRATCH/home
	export SCRATCH HOME
	unset XDG_CONFIG_HOME DOCKER_CONFIG REGISTRY_AUTH_FILE XDG_RUNTIME_DIR SSL_CERT_FILE SSL_CERT_DIR http_proxy https_proxy
	mkdir "$HOME" "$SCRATCH/image"
	"$PYTHON" "$BIVY_SOURCE/tests/lib/registry.py" make "$SCRATCH/image"
	"$PYTHON" "$BIVY_SOURCE/tests/lib/registry.py" serve "$SCRATCH/image" "$SCRATCH/requests" >"$SCRATCH/port" 3>&- &
	echo $! >"$SCRATCH/pids"
	PLAIN=localhost:$(free_port)
	start_registry plain "${PLAIN#*:}" "http: { addr: '127.0.0.1:${PLAIN#*:}' }"
	SAFE=localhost:$(free_port)
	make_certificates
	htpasswd -Bbn -C 4 anna secret >"$SCRATCH/htpasswd"
	start_registry safe "${SAFE#*:}" "http: { addr: '127.0.0.1:${SAFE#*:}', tls: { certificate: $SCRATCH/cert.pem, key: $SCRATCH/key.pem } }" \
		"auth: { htpasswd: { realm: here, path: $SCRATCH/htpasswd } }"
	until [ -s "$SCRATCH/port" ]; do sleep 0.05; done
	ODD=localhost:$(<"$SCRATCH/port")
	export PLAIN SAFE ODD
	INDEX=sha256:$(sha256sum <"$SCRATCH/image/latest" | cut -d' ' -f1)
	export INDEX
}

teardown_file() {
	local pid
	[ -e "${SCRATCH:-}/pids" ] || return 0
	while read -r pid; do
		kill "$pid" || true
	done <"$SCRATCH/pids"
	rm -rf --one-file-system "$SCRATCH"
}

setup() {
	[ -z "${MISSING:-}" ] || skip "missing: $MISSING"
	ROOT=$SCRATCH/root$BATS_TEST_NUMBER
	cd "$BATS_TEST_TMPDIR"
}

transfer() { "$BIVY_BUILD/bivy-transfer" --root "$ROOT" "$@"; }

# member FILTER: of the JSON in $output.
member() { jq -r "$1" <<<"$output"; }

# refused WORDS: the command has failed with one line that has them, and a hint at most.
refused() {
	[ "$status" -eq 1 ] || { echo "status $status: $output"; return 1; }
	[[ ${stderr_lines[0]} == "bivy-transfer: "*"$1"* ]] || { echo "$stderr"; return 1; }
	[ "${#stderr_lines[@]}" -eq 1 ] || [[ ${#stderr_lines[@]} -eq 2 && ${stderr_lines[1]} == "hint: "* ]] || { echo "$stderr"; return 1; }
	[ -z "$output" ]
}

# nothing_half_made: no image, no layer, nothing that is being made.
nothing_half_made() {
	[ "$(jq '.manifests | length' "$ROOT/images/index.json")" = 0 ]
	[ -z "$(ls -A "$ROOT/images/staging" "$ROOT/images/leases" | grep -v :)" ]
}

@test "pull: an image comes in, once" {
	run -0 transfer --events 4 pull "$ODD/good" 4>events
	[ "$(member '.images[0].name')" = "$ODD/good:latest" ]
	[ "$(member '.images[0].digest')" = "$INDEX" ]
	[ "$(member '.images[0].isNew')" = true ]
	[ "$(cat "$ROOT"/images/layers/*/diff/etc/hello)" = hello ]
	[ "$(jq -r 'select(.phase == "complete") | .item' events | sort -u | wc -l)" = 3 ]
	[ "$(head -1 events)" = '{"kind":"status","text":"latest: Pulling from good"}' ]
	run -0 transfer pull "$ODD/good"
	[ "$(member '.images[0] | .isNew, .fetchedBytes')" = $'false\n0' ]
	run -0 transfer pull "$ODD/good@$INDEX"
	[ "$(member '.images[0].fetchedBytes')" = 0 ]
	run --separate-stderr transfer pull --platform linux/s390x "$ODD/good"
	refused "cannot pull '$ODD/good:latest': there is none for the platform 'linux/s390x', but for: linux/amd64, linux/arm64"
}

@test "push, pull, copy, tags, inspect, delete: the same digest everywhere" {
	transfer pull --all-platforms "$ODD/good" >/dev/null
	# The same image by the names that it gets here.
	sed -i "s|$ODD/good|$PLAIN/team/app|" "$ROOT/images/index.json"
	run -0 transfer --events 4 push "$PLAIN/team/app" 4>events
	[ "$(member '.images[0].digest')" = "$INDEX" ]
	[ "$(jq -r 'select(.phase == "complete") | .item' events | sort -u | wc -l)" = 3 ]
	run -0 transfer push "$PLAIN/team/app"
	[ "$(member '.images[0] | .isNew, .sentBytes')" = $'false\n0' ]
	run -0 transfer copy --all-platforms "$PLAIN/team/app" "$PLAIN/team/copy:1"
	[ "$(member '.digest, .sentBytes')" = "$INDEX"$'\n0' ]
	run -0 transfer tags "$PLAIN/team/copy"
	[ "$(member '.tags[]')" = 1 ]
	run -0 transfer remote-inspect --platform arm64 "$PLAIN/team/copy:1"
	[ "$(member '.Digest, .Architecture, .Labels.who, .RepoTags[0]')" = "$INDEX"$'\narm64\narm64\n1' ]
	[ "$(transfer remote-inspect --raw "$PLAIN/team/copy:1" | sha256sum)" = "${INDEX#*:}  -" ]
	[ "$(transfer referrers "$PLAIN/team/copy:1" | jq '.manifests | length')" = 0 ]
	ROOT=$ROOT-other
	run -0 transfer pull -a "$PLAIN/team/copy"
	[ "$(member '.images[0].digest')" = "$INDEX" ]
	transfer remote-delete "$PLAIN/team/copy:1" >/dev/null
	run --separate-stderr transfer pull "$PLAIN/team/copy:1"
	refused "cannot pull '$PLAIN/team/copy:1': the registry '$PLAIN' does not have the manifest '1'"
}

@test "an artifact is found by what it is about" {
	transfer pull --all-platforms "$ODD/good" >/dev/null
	run -0 transfer pull "$ODD/good:about"
	about=$(member '.images[0].digest')
	sed -i "s|$ODD/good|$PLAIN/known|g" "$ROOT/images/index.json"
	transfer push -a "$PLAIN/known" >/dev/null
	# docker-registry does not know of it by itself.
	run -0 transfer referrers "$PLAIN/known"
	[ "$(member '.manifests[] | .digest, .artifactType')" = "$about"$'\napplication/x-word' ]
	[ "$(transfer referrers --artifact-type application/x-other "$PLAIN/known" | jq '.manifests | length')" = 0 ]
	transfer copy "$PLAIN/known:about" "$PLAIN/known2:about" >/dev/null
	transfer copy --all-platforms "$PLAIN/known" "$PLAIN/known2" >/dev/null
	[ "$(transfer referrers "$PLAIN/known2" | jq -r '.manifests[].digest')" = "$about" ]
}

@test "names that are not there" {
	run --separate-stderr transfer pull "$PLAIN/nobody/nothing"
	refused "cannot pull '$PLAIN/nobody/nothing:latest': the registry '$PLAIN' does not have the manifest 'latest'"
	nothing_half_made
	run --separate-stderr transfer push "$PLAIN/nobody/nothing"
	refused "cannot push '$PLAIN/nobody/nothing:latest': there is no such image here"
	run --separate-stderr transfer tags "$PLAIN/nobody/nothing"
	refused "cannot list the tags of '$PLAIN/nobody/nothing'"
	run --separate-stderr transfer pull localhost:1/x
	refused "cannot pull 'localhost:1/x:latest': "
	run --separate-stderr transfer --events 4 pull UPPER 4>events
	[ "$status" -eq 1 ] && [ -z "$stderr" ]
	[ "$(jq -r '.kind, .code' events)" = $'error\ninvalid' ]
}

@test "TLS and logins: nobody comes in who should not" {
	transfer pull "$ODD/good" >/dev/null
	sed -i "s|$ODD/good|$SAFE/app|" "$ROOT/images/index.json"
	run --separate-stderr transfer push "$SAFE/app"
	refused "certificate"
	mkdir -p "$HOME/.config/bivy/certs.d/$SAFE"
	cp "$SCRATCH/cert.pem" "$HOME/.config/bivy/certs.d/$SAFE/ca.crt"
	run --separate-stderr transfer push "$SAFE/app"
	refused "cannot push '$SAFE/app:latest': the registry '$SAFE' denies access to"
	run --separate-stderr transfer login -u anna --password-stdin "$SAFE" <<<"wrong"
	refused "cannot log in to '$SAFE': the registry '$SAFE' does not accept the login of 'anna'"
	[ ! -e "$HOME/.docker/config.json" ]
	run --separate-stderr transfer login "$SAFE" </dev/null
	refused "cannot log in to '$SAFE': cannot perform an interactive login from a non-terminal"
	run -0 transfer login -u anna --password-stdin "$SAFE" <<<"secret"
	[ "$(jq -r ".auths.\"$SAFE\".auth" "$HOME/.docker/config.json")" = "$(printf anna:secret | base64)" ]
	[ "$(stat -c %a "$HOME/.docker/config.json")" = 600 ]
	run -0 transfer login "$SAFE"
	[ "$(member .wasKept)" = true ]
	run -0 transfer push "$SAFE/app"
	ROOT=$ROOT-other
	run -0 transfer pull "$SAFE/app"
	[ "$(member '.images[0].isNew')" = true ]
	run -0 transfer copy "$SAFE/app" "$PLAIN/copied"
	run -0 transfer logout "$SAFE"
	[ "$(member .wasLoggedIn)" = true ]
	run -0 transfer logout "$SAFE"
	[ "$(member .wasLoggedIn)" = false ]
	run --separate-stderr transfer pull --platform linux/arm "$SAFE/app:other"
	refused "the registry '$SAFE' denies access to the manifest 'other'"
	run -0 transfer pull --creds anna:secret "$SAFE/app"
}

@test "a registry that breaks off, and one that lies" {
	run --separate-stderr transfer pull "$ODD/break"
	refused "cannot pull '$ODD/break:latest': the registry '$ODD' does not have the blob 'sha256:"
	nothing_half_made
	[ "$(find "$ROOT/images/partial" -size +900k | wc -l)" = 1 ]
	: >"$SCRATCH/requests"
	run -0 transfer pull "$ODD/break"
	# It went on where it was, with the one blob that was missing.
	grep -Eq '^break 2[0-9]{6} [1-9][0-9]{5,6}$' "$SCRATCH/requests"
	! grep -Eq '^break 2[0-9]{6} 0$' "$SCRATCH/requests"
	run -0 transfer pull "$ODD/cut"
	[ "$(member '.images[0].fetchedBytes')" = 0 ]
	ROOT=$ROOT-other
	run -0 transfer pull "$ODD/cut"
	ROOT=$ROOT-third
	run --separate-stderr transfer pull "$ODD/lie"
	refused "cannot pull '$ODD/lie:latest': what came as the blob 'sha256:"
	nothing_half_made
	[ -z "$(find "$ROOT/images" -size +900k)" ]
}

@test "mirrors: what one has damaged comes from the registry itself" {
	mkdir -p "$HOME/.config/bivy"
	jq -n --arg odd "$ODD" '{registries: [{prefix: ($odd + "/good"), mirrors: [{location: ($odd + "/lie")}]}, {prefix: "evil.example", blocked: true}]}' \
		>"$HOME/.config/bivy/registries.json"
	: >"$SCRATCH/requests"
	run -0 transfer pull "$ODD/good"
	grep -q '^lie 2' "$SCRATCH/requests"
	grep -q '^good 2' "$SCRATCH/requests"
	run --separate-stderr transfer pull evil.example/x
	refused "evil.example"
	rm "$HOME/.config/bivy/registries.json"
}

@test "no space left: one line, and nothing stays" {
	[ "$EUID" -eq 0 ] || skip "missing: root"
	mkdir small
	run --separate-stderr unshare --mount --propagation private sh -c '
		mount -t tmpfs -o size=1m small small && "$BIVY_BUILD/bivy-transfer" --root small pull "$ODD/good"
		status=$?; find small -size +900k >&2; jq ".manifests | length" small/images/index.json >left; ls small/images/layers >>left; exit $status'
	# Of the blob or of its files, whichever comes first.
	refused "cannot pull '$ODD/good:latest': cannot "
	[[ ${stderr_lines[0]} == *": no space left on device" ]]
	[ "$(head -1 left)" = 0 ]
}
