# bivy serve: what a person sees of docker's command line is what was seen with a real dockerd (tests/data/docker-cli/README.md).
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() { serve_setup_file; }
teardown_file() { engine_teardown_file; }

setup() { serve_setup; }

# Containers as always, and what the commands may have left else.
teardown() {
	local names
	names=$(bivy volume ls -q) && [ -z "$names" ] || bivy volume rm -f $names >/dev/null
	engine_teardown
}

@test "docker's command line shows what it shows with dockerd" {
	local data=$TESTS_DIR/data/docker-cli version
	[ -n "$HAS_DOCKER" ] || skip "missing: docker"
	require_program docker-registry
	version=$(docker --version | sed 's/Docker version \([0-9.]*\).*/\1/')
	[ -d "$data/recorded-$version" ] || skip "missing: a recording of what docker $version shows"
	serve
	bivy rmi busybox >rmi
	tar c -C "$BASE_ROOTFS" . >root.tar
	ROOT_TAR=$PWD/root.tar "$PYTHON" "$TESTS_DIR/lib/docker_session.py" run "$data/sections" out 3>&-
	"$PYTHON" "$TESTS_DIR/lib/docker_session.py" compare "$data/recorded-$version" out "$data/differences-$version"
}
