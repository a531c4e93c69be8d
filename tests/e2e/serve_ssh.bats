# docker -H ssh://…: docker's command line reaches a server through `docker system dial-stdio` at the other end of ssh, which there is bivy's.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() { serve_setup_file; }
setup() { serve_setup; }
teardown() {
	[ -z "${MADE:-}" ] || rmdir /run/sshd
	engine_teardown
}

@test "run, streams and files through ssh" {
	local sshd
	sshd=$(PATH=$PATH:/usr/sbin type -P sshd) && type -P ssh >/dev/null && [ -n "$HAS_DOCKER" ] || skip "missing: sshd, ssh or docker's command line"
	getent passwd sshd >/dev/null || skip "missing: the user sshd"
	mkdir bin path
	! mkdir /run/sshd 2>/dev/null || MADE=yes # where sshd may do nothing
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f id
	printf '%s\n' 'Port 2222' 'ListenAddress 127.0.0.1' "HostKey $WORK/host" "AuthorizedKeysFile $WORK/id.pub" 'StrictModes no' 'UsePAM no' 'PidFile none' \
		"SetEnv PATH=$WORK/bin:/usr/bin:/bin" >config
	printf '%s\n' 'Host *' 'Port 2222' "IdentityFile $WORK/id" 'StrictHostKeyChecking no' 'UserKnownHostsFile /dev/null' 'LogLevel ERROR' >client
	printf '%s\n' '#!/bin/sh' '[ "$*" = "system dial-stdio" ] || exit 9' "exec '$BIVY' system dial-stdio --socket '$SOCKET'" >bin/docker
	printf '%s\n' '#!/bin/sh' "exec $(type -P ssh) -F '$WORK/client' \"\$@\"" >path/ssh
	chmod +x bin/docker path/ssh
	"$sshd" -D -f "$WORK/config" -E "$WORK/sshd.log" 3>&- &
	TEST_PIDS+=($!)
	for _ in {1..200}; do (exec 9<>/dev/tcp/127.0.0.1/2222) 2>/dev/null && break; sleep 0.02; done
	serve
	export PATH=$WORK/path:$PATH DOCKER_HOST=ssh://root@127.0.0.1
	[ "$(timeout -s KILL 20 docker run --rm busybox echo hello)" = hello ]
	[ "$(echo in | timeout -s KILL 20 docker run --rm -i busybox cat)" = in ]
	timeout -s KILL 20 docker run -d --name c1 busybox sh -c 'echo one; sleep 0.5; echo two'
	[ "$(timeout -s KILL 20 docker logs -f c1)" = $'one\ntwo' ]
	echo file >f
	timeout -s KILL 20 docker cp f c1:/g
	timeout -s KILL 20 docker cp c1:/g h
	[ "$(<h)" = file ]
}
