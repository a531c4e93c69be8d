# bivy serve: builds of BuildKit's clients: gRPC on connections that become HTTP/2.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() {
	serve_setup_file
	/usr/bin/python3 -c 'import h2' 2>/dev/null || skip "missing: python3-h2"
}
setup() {
	serve_setup
	[ -x "$BIVY_BUILD/bivy-grpc" ] || skip "missing: bivy-grpc in this build"
	mkdir -p context/deep/er
	cat >context/Dockerfile <<-END
		FROM busybox AS base
		ARG X=1
		RUN echo hello \$X
		RUN --mount=type=secret,id=s cat /run/secrets/s >/s
		COPY . /c/
		FROM scratch AS files
		COPY --from=base /c /s /
	END
	echo content >context/f
	echo not >context/not
	ln -s ../f context/deep/link
	printf 'not\n' >context/.dockerignore
}

client() { timeout 30 /usr/bin/python3 "${BATS_TEST_DIRNAME}/../lib/buildkit.py" "$SOCKET" "$@"; }
builds() { client build context secret:s=hush "$@"; }

@test "a build: what is sent, what is told, what comes out" {
	serve
	builds target=base build-arg:X=two label:l=m >told
	[ "$(grep '^asks' told)" = "asks for dockerfile Dockerfile Dockerfile.dockerignore
asks for context .dockerignore
asks for context !not" ]
	grep -qx 'log hello two' told
	grep -qx 'vertex \[base 2/4\] RUN echo hello two done' told || grep -q '^vertex .*RUN echo hello.* done$' told
	grep -qx 'status 0 ' told
	[ "$(sed -n 's/^result containerimage.config.digest //p' told)" = "$(body /images/made/json | jq -r .Id)" ]
	[ "$(bivy run --rm made sh -c 'cat /c/f /s; ls /c; readlink /c/deep/link')" = "content
hushDockerfile
deep
f
../f" ]
	[ "$(body /images/made/json | jq -r .Config.Labels.l)" = m ]
	builds target=base build-arg:X=two >told
	[ "$(grep -c ' cached$' told)" = 3 ]
	builds target=files output:tar=out.tar >told
	grep -qx 'status 0 ' told
	[ "$(tar xOf out.tar s)" = hush ]
	[ -z "$(ls "$WORK/run/sessions")" ]
	bivy rmi made
}

@test "failures are told with their lines, and what is not there as unimplemented" {
	serve
	printf 'FROM busybox\nRUN exit 4\n' >context/Dockerfile
	builds >told
	grep -qx 'status 2 process "/bin/sh -c exit 4" did not complete successfully: exit code: 4' told
	printf 'FROM busybox\nNONE\n' >context/Dockerfile
	builds | grep -q '^status 2 .*NONE'
	builds frontend=other | grep -q '^status 12 .*not built in'
	builds context=/etc filename=passwd | grep -q '^status 2 '
	builds filename=/etc/passwd | grep -q '^status 2 .*none of the client'
	builds context:x=oci-layout://x | grep -q '^status 12 '
	rm context/Dockerfile
	builds | grep -q '^status 2 failed to read dockerfile: open Dockerfile'
}

@test "a client that sends what leads elsewhere, or nothing of use" {
	serve
	builds target=base rename:f=../../f 2>/dev/null | grep -q '^status 2 cannot understand the client'
	builds target=base rename:f=deep/link/x 2>/dev/null | grep -q '^status 2 cannot make'
	head -c 100000 /dev/urandom | client raw | grep -qx closed
	printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\4\10\0\0\0\0\1\0\0\0\0' | client raw | grep -qx closed
	[ "$(status POST /grpc)" = 400 ]
	[ "$(status POST /session -H 'Connection: Upgrade' -H 'Upgrade: h2c' -H 'X-Docker-Expose-Session-Uuid: ../x')" = 400 ]
	[ "$(status GET /_ping)" = 200 ]
}

@test "what is asked without a build" {
	serve
	client call /moby.buildkit.v1.Control/ListWorkers | grep -q 'linux'
	client call /moby.buildkit.v1.Control/Info | grep -q bivy
	client call /moby.buildkit.v1.Control/DiskUsage | grep -qx 'status 0 '
	client call /moby.buildkit.v1.Control/Prune | grep -qx 'status 0 '
	client call /moby.buildkit.v1.Control/Nothing | grep -qx 'status 12 unknown method Nothing'
	serve_readers=$WORK/r
	become_bivy serve --listen "unix://$serve_readers" --allow containers 2>/dev/null &
	TEST_PIDS+=($!)
	until [ -S "$serve_readers" ]; do sleep 0.01; done
	SOCKET=$serve_readers run -1 client call /moby.buildkit.v1.Control/Info
	[[ "$output" == *403* ]]
}

@test "a client that goes ends its build, and nothing of it stays" {
	serve
	printf 'FROM busybox\nRUN echo begun; sleep 1000\n' >context/Dockerfile
	builds cancel:begun= >told
	grep -q '^log begun' told
	for _ in {1..100}; do [ -n "$(body '/containers/json?all=1' | jq -r '.[].Id')" ] || break; sleep 0.1; done
	[ "$(body '/containers/json?all=1')" = '[]' ]
	[ -z "$(ls "$WORK/run/sessions")" ]
}

@test "docker's command line" {
	[ -n "$HAS_DOCKER" ] || skip "missing: docker"
	/usr/bin/docker --version 2>/dev/null | grep -q ' 20\.' || skip "missing: docker 20.10, which has BuildKit built in"
	serve
	printf 'FROM busybox\nRUN exit 4\n' >context/Bad
	echo hush >secret
	DOCKER_BUILDKIT=1 /usr/bin/docker build --progress=plain --secret id=s,src=secret --target base -t made context >told 2>&1 || { cat told "$WORK/log"; false; }
	grep -q 'hello 1' told
	[ "$(docker run --rm made cat /s)" = hush ]
	DOCKER_BUILDKIT=1 run -1 /usr/bin/docker build -f context/Bad context
	[[ "$output" == *'process "/bin/sh -c exit 4" did not complete successfully: exit code: 4'* ]]
	bivy rmi made
}
