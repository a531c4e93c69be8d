# Hostile registries: tests/attacks/lib/hostile_registry.py does what the name of a repository says. Certificates, and what breaks off or lies in
# passing, are in tests/e2e/registry.

bats_require_minimum_version 1.5.0
load lib/rows
load lib/strangers
load ../lib/serve

setup_file() {
	strangers_setup_file
	HOME=$SCRATCH/home
	mkdir -p "$HOME/.docker"
	export HOME
	unset XDG_CONFIG_HOME DOCKER_CONFIG REGISTRY_AUTH_FILE XDG_RUNTIME_DIR SSL_CERT_FILE SSL_CERT_DIR http_proxy https_proxy
	"$PYTHON" "$TESTS_DIR/attacks/lib/hostile_registry.py" "$SCRATCH/asked" >"$SCRATCH/ports" 2>"$SCRATCH/registry.log" 3>&- &
	echo $! >"$SCRATCH/pid"
	until [ -s "$SCRATCH/ports" ]; do sleep 0.02; done
	read -r REGISTRY OTHER <"$SCRATCH/ports"
	REGISTRY=127.0.0.1:$REGISTRY
	export REGISTRY OTHER
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf anna:secret | base64)" >"$HOME/.docker/config.json"
}

teardown_file() {
	local pid
	[ ! -s "${SCRATCH:-}/ports" ] || {
		read -r pid <"$SCRATCH/pid"
		kill "$pid"
		sed 's/^/# attack: /' "$SCRATCH/rows" >&3
		[ -z "${BIVY_ATTACKS_TABLE:-}" ] || cat "$SCRATCH/rows" >>"$BIVY_ATTACKS_TABLE"
	}
	engine_teardown_file
}

setup() {
	strangers_setup
	: >"$SCRATCH/asked"
}

# pulls REPOSITORY: an image comes. refuses REPOSITORY WORDS: one line that has the words (a pattern), and no image.
pulls() { stranger pull -q "$REGISTRY/$1" >/dev/null; }
refuses() {
	refused "bivy: cannot pull '$REGISTRY/$1:latest': $2" stranger pull -q "$REGISTRY/$1"
	[ -z "$(stranger images -q)" ] || fail "HIT: there is an image"
	[ -z "$(ls own/root/images/staging)" ] || fail "something is half made"
}
# login_was_sent: to the registry it was, or nothing would be shown by its not having gone elsewhere.
login_was_sent() { grep -q '^registry .* Basic YW5uYTpzZWNyZXQ=' "$SCRATCH/asked" || fail "no attack: the registry has not got the login either: $(<"$SCRATCH/asked")"; }
# assert_not_elsewhere: somebody else was asked, without a login.
assert_not_elsewhere() {
	grep -q '^other ' "$SCRATCH/asked" || fail "no attack: nobody else was asked"
	! grep '^other ' "$SCRATCH/asked" | grep -v ' -$' || fail "HIT: somebody else has the login: $(grep '^other ' "$SCRATCH/asked")"
}

# ---------------------------------------------------------------- who gets the login

@test "redirects to somebody else take no login along (CVE-2020-15157)" {
	pulls redirect-blob # as registries do whose blobs lie elsewhere
	login_was_sent
	assert_not_elsewhere
	rm -rf own
	: >"$SCRATCH/asked"
	refuses redirect-manifest "*"
	login_was_sent
	assert_not_elsewhere
	row "a blob, a manifest redirected to another host, for the login (CVE-2020-15157)" "the login is its origin's" "the registry itself has it"
}

@test "somebody else who asks for a login is not answered" {
	refuses redirect-challenge "the registry '*' denies access to the blob 'sha256:*'"
	login_was_sent
	assert_not_elsewhere
	! grep -q /token "$SCRATCH/asked" || fail "HIT: the place of tokens was asked"
	row "another host that a blob is redirected to wants a login" "challenges of others are not answered" "the registry's own is"
}

@test "pages and uploads elsewhere take no login along" {
	stranger image tags "$REGISTRY/next-elsewhere" >/dev/null
	login_was_sent
	assert_not_elsewhere
	: >"$SCRATCH/asked"
	tar c -T /dev/null | stranger import - "$REGISTRY/push" >/dev/null
	refused "bivy: cannot push '$REGISTRY/push:latest': *" stranger push -q "$REGISTRY/push"
	login_was_sent
	grep -q '^other P[UA]T' "$SCRATCH/asked" || fail "no attack: nothing was sent there"
	assert_not_elsewhere
	row "the next page of tags, the place of an upload at another host" "the login is its origin's" "the registry itself has it"
}

@test "logins are not sent where they can be read, or into files" {
	refuses realm-plain "the registry '*' wants its login sent to 'http://192.0.2.1:80', which is not encrypted: *"
	refuses realm-file "the registry '*' names a place for tokens that is no address: 'file:///etc/passwd'"
	refuses realm-none "*"
	! grep -q '/token' "$SCRATCH/asked" || fail "HIT: asked"
	# On this host a place without encryption is one: what it answers is looked at.
	refuses realm-line "cannot get a token for the registry '*': the token has characters that cannot be sent"
	grep -q '^registry GET /line.* Basic ' "$SCRATCH/asked" || fail "no attack: no place for tokens gets the login"
	row "a place for tokens that is not encrypted, a file, none" "schemes of places for tokens" "one on loopback gets the login"
}

@test "tokens and logins with lines of their own" {
	refuses realm-line "*: the token has characters that cannot be sent"
	! grep -qi injected "$SCRATCH/asked" || fail "HIT: a header was injected"
	# The same from a client of the API.
	if [ -x "$BIVY_BUILD/bivy-server" ]; then
		SOCKET=$WORK/s
		serve
		local login header
		for login in '{"registrytoken":"a\r\nX-Injected: yes"}' '{"username":"a\r\nX-Injected: yes","password":"b\r\nX-Injected: yes"}' \
			'{"identitytoken":"a\r\nX-Injected: yes"}' '{"serveraddress":"a\r\nX-Injected: yes","username":"a"}' '[[[[' '{"username":1}'; do
			header=$(printf '%s' "$login" | base64 -w0 | tr '+/' '-_')
			status POST "/images/create?fromImage=$REGISTRY/good&tag=latest" -H "X-Registry-Auth: $header" >/dev/null
		done
		status POST "/images/create?fromImage=$REGISTRY/good&tag=latest" -H "X-Registry-Auth: $(head -c 8000 /dev/zero | tr '\0' '!')" >/dev/null
		[ "$(status GET /_ping)" = 200 ]
		grep -q '^registry GET /v2/good' "$SCRATCH/asked" || fail "no attack: nobody was asked"
		! grep -qi injected "$SCRATCH/asked" || fail "HIT: a header was injected: $(grep -i injected "$SCRATCH/asked")"
	fi
	curl -s -o /dev/null -H $'X-Injected: yes' "http://$REGISTRY/v2/"
	grep -qi injected "$SCRATCH/asked" || fail "no attack: it would not be seen"
	row "tokens of registries, logins of clients (X-Registry-Auth) with lines for the request's head" "grammar of tokens" "a header of that name is seen"
}

# ---------------------------------------------------------------- where requests go

@test "redirects to other schemes, with names in them, without end" {
	local kind
	for kind in file ftp gopher user nothing; do
		refuses "scheme-$kind" "'http://$REGISTRY' redirects to what is not an address"
	done
	refuses endless-redirects "'http://$REGISTRY' redirects without end"
	! grep -q '^other ' "$SCRATCH/asked" || fail "HIT: asked: $(grep '^other ' "$SCRATCH/asked")"
	rm -rf own
	pulls redirect-blob
	grep -q '^other ' "$SCRATCH/asked" || fail "no attack: no redirect is followed"
	row "redirects to file:, ftp:, gopher:, user:password@, in circles" "http and https alone, ten times" "one to http is followed"
}

# ---------------------------------------------------------------- too much

@test "bodies and heads without end" {
	refuses endless-manifest "'http://$REGISTRY' sends more than it should"
	refuses endless-blob "'http://$REGISTRY' sends more than it should"
	refuses realm-endless "'http://$REGISTRY' sends more than it should"
	refuses realm-long "*"
	refuses huge-size "the registry '*' sends 10240 bytes of the blob 'sha256:*', which has 4611686018427387904*"
	refuses negative-size "layers[[]0].size: -1 is out of range (0 to 9223372036854775807)"
	! grep -q all-of-it-was-taken "$SCRATCH/asked" || fail "HIT: all of it was taken: $(grep all-of "$SCRATCH/asked")"
	[ "$(du -sk own/root | cut -f1)" -lt 1000 ] || fail "HIT: kept: $(du -a own/root | sort -n | tail -3)"
	curl -s -o /dev/null -u anna:secret "http://$REGISTRY/v2/endless-manifest/manifests/latest"
	wait_for grep -q all-of-it-was-taken "$SCRATCH/asked"
	row "manifests, blobs, tokens without end; sizes of 4 EiB, of -1" "bounds of answers; sizes that documents say" "curl(1) takes all of it"
}

@test "answers that are compressed" {
	# 64 MB in 70 kB, which is not asked for.
	refuses encoded "manifest: line 1, column 1: expected a value, found byte 0x1f"
	refuses encoded-blob "the registry '*' sends * bytes of the blob 'sha256:*', which has 10240*"
	[ "$(curl -s --compressed -u anna:secret "http://$REGISTRY/v2/encoded/manifests/latest" | wc -c)" -gt 60000000 ] || fail "no attack"
	row "a manifest of 64 MB in 70 kB by Content-Encoding" "nothing is decoded that was not asked for" "curl --compressed has 64 MB"
}

@test "later: in years" {
	local before=$SECONDS
	refuses later "the registry '*' answers for the manifest 'latest' with status 503*"
	[ $((SECONDS - before)) -lt 20 ] || fail "HIT: it was waited for"
	row "Retry-After: 99999999" "the longest wait, a minute" "the answer says so (503), and shorter ones are waited for (unit tests of registry/http)"
}

# ---------------------------------------------------------------- what is not what it says

@test "a manifest that is an index, too (CVE-2021-41190)" {
	refuses confused "manifest: it can be read as an index and as a manifest"
	refuses untyped "manifest: it can be read as an index and as a manifest"
	pulls wrong-type # as a manifest, which is what it says itself and can be read as alone
	row "a document that can be read as an index and as a manifest (CVE-2021-41190)" "one meaning of a document" "either alone is pulled"
}

@test "digests: others than asked for, weak ones, paths" {
	local asked
	asked=sha256:$(printf x | sha256sum | cut -d' ' -f1)
	refused "bivy: cannot pull '$REGISTRY/pinned@$asked': the registry '*' sends as manifest '$asked' what has the digest 'sha256:*'*" stranger pull -q "$REGISTRY/pinned@$asked"
	refuses wrong-header "the registry '*' sends as manifest 'sha256:*' what has the digest 'sha256:*'*"
	refuses weak-header "the digest 'md5:*' cannot be verified"
	refuses odd-header "the registry '*' sends 'sha256:../../../../etc/passwd' for a digest"
	refuses other-blob "what came as the blob 'sha256:*' has the digest 'sha256:*'*"
	refuses short-blob "the registry '*' sends 600 bytes of the blob 'sha256:*', which has 10240*"
	pulls good
	row "another manifest than the one pinned, blobs of the same size, digests of md5, digests that are paths" "digests of what has come" "the image as it is is pulled"
}

@test "words: what registries say does not write to the terminal" {
	type -P script >/dev/null || skip "missing: script(1)"
	local command
	curl -s -u anna:secret "http://$REGISTRY/v2/words/manifests/latest" | grep -q 'u001b' || fail "no attack"
	for command in "pull $REGISTRY/words" "image tags $REGISTRY/words"; do
		script -qec "$BIVY --root '$WORK/own/root' --run-root '$WORK/own/run' $command" /dev/null </dev/null | tr -d '\r' >told || true
		[ -s told ]
		! LC_ALL=C grep -a -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|^bivy: done' told || fail "HIT: written to the terminal by: $command" "$(cat -v told)"
		[ "$(wc -c <told)" -lt 4000 ] || fail "HIT: $(wc -c <told) bytes"
	done
	row "messages and tags of a registry with sequences for terminals" "controls are no part of messages; grammar of tags" "curl(1) has them"
}

@test "names that are no registries' or repositories'" {
	local name
	for name in ../../etc/passwd "$REGISTRY/../../x" "$REGISTRY/a:../x" "$REGISTRY/a@sha256:../x" "evil.example:99999999/x" "-oProxyCommand=x/y" "$REGISTRY/good?x" "$REGISTRY/good#x" \
		"user@$REGISTRY/good" "http://$REGISTRY/good" "$REGISTRY/good%2f.." $'a\nb' "$(head -c 5000 /dev/zero | tr '\0' a)"; do
		run stranger pull -q -- "$name"
		[ "$status" -ne 0 ] || fail "HIT: pulled: $name"
	done
	[ ! -s "$SCRATCH/asked" ] || fail "HIT: asked: $(<"$SCRATCH/asked")"
	pulls good
	[ -s "$SCRATCH/asked" ] || fail "no attack: nobody is asked"
	row "references with .., ?, #, @, %2f, lines, options" "grammar of references" "one that is a reference is asked for"
}
