# Podman with this runtime in place of its own: everything a person does with a container, through conmon.

load peer

setup_file() {
	common_setup_file
	require_root
	require_program podman
	require_program conmon
	PODMAN_DIR=$SCRATCH/podman
	mkdir -p "$PODMAN_DIR"
	# A root without CAP_SYS_RESOURCE cannot raise limits, which Podman's defaults do.
	printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >"$PODMAN_DIR/containers.conf"
	export PODMAN_DIR CONTAINERS_CONF=$PODMAN_DIR/containers.conf
	host_state >"$PODMAN_DIR/before"
	make_image "$PODMAN_DIR/image.tar"
	pm import -q "$PODMAN_DIR/image.tar" bb:1
	rm "$PODMAN_DIR/image.tar"
}

teardown() {
	pm rm -af -t 0 >/dev/null 2>&1 || true
	common_teardown
}

teardown_file() {
	[ -d "$PODMAN_DIR" ] || { common_teardown_file; return; }
	pm pod rm -af -t 0 >/dev/null 2>&1 || true
	pm rm -af -t 0 >/dev/null 2>&1 || true
	local try dir
	# conmon runs Podman once more when a container has ended.
	for try in $(seq 100); do
		grep -lsF "$PODMAN_DIR" /proc/[0-9]*/cmdline | grep -qv "^/proc/$$/" || break
		sleep 0.1
	done
	sweep_mounts "$PODMAN_DIR"
	# Podman keeps conmon's cgroup below this name whatever the containers' parent is.
	for dir in /sys/fs/cgroup/libpod_parent /sys/fs/cgroup/*/libpod_parent; do
		[ ! -d "$dir" ] || find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
	host_state | diff "$PODMAN_DIR/before" - || { echo "Podman left something on the host"; return 1; }
	common_teardown_file
}

# pm ARGUMENT…: Podman with directories of its own and the runtime under test.
pm() {
	timeout -k 5 "$(slow 60)" podman --root "$PODMAN_DIR/root" --runroot "$PODMAN_DIR/run" --tmpdir "$PODMAN_DIR/tmp" \
		--storage-driver vfs --cgroup-manager cgroupfs --events-backend file --runtime "$BIVY_RUNTIME" "$@" \
		</dev/null 3>&- 4>&-
}

# pm_run FLAG… IMAGE CMD…: `podman run` without a network, below a cgroup of the file's own.
pm_run() { pm run --network none --cgroup-parent "$CGROUP_TOP" "$@"; }

@test "run: output, status, environment, user and limits" {
	run pm_run --rm -e COLOUR=blue --user 1000 --workdir /tmp --hostname tent -m 32m --pids-limit 20 bb:1 \
		sh -c 'echo "$COLOUR $(id -u) $(pwd) $(hostname)"; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; exit 7'
	assert_fails 7
	assert_output "blue 1000 /tmp tent
33554432"
}

@test "run: volumes, tmpfs, a read-only root, the host's network" {
	mkdir "$WORK/volume"
	run pm run --rm --network host --cgroup-parent "$CGROUP_TOP" -v "$WORK/volume:/data" --tmpfs /scratch --read-only bb:1 \
		sh -c 'echo kept >/data/file; touch /scratch/x && touch /x 2>/dev/null || echo "root is read-only"'
	assert_ok
	assert_output "root is read-only"
	assert_equal kept "$(cat "$WORK/volume/file")"
}

@test "run: a command that does not exist, one that is no program" {
	capture pm_run --rm bb:1 nosuch
	assert_fails 127
	assert_has nosuch "not found"
	run pm_run --rm bb:1 /etc/passwd
	assert_fails 126
	assert_has "ermission denied"
}

@test "run -t: a terminal" {
	require_python
	on_terminal podman --root "$PODMAN_DIR/root" --runroot "$PODMAN_DIR/run" --tmpdir "$PODMAN_DIR/tmp" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend file --runtime "$BIVY_RUNTIME" run --rm -it --network none \
		--cgroup-parent "$CGROUP_TOP" bb:1 sh -c 'test -t 0 && test -t 1 && stty size && tty'
	assert_ok
	assert_has "33 77" /dev/pts/0
}

@test "exec, logs, pause, unpause, stats, top, stop" {
	run pm_run -d --name a bb:1 sh -c 'trap "echo ending; exit 3" TERM; echo begun; while :; do sleep 0.1; done'
	assert_ok
	run pm exec -e X=1 --user 1000 --workdir /tmp a sh -c 'echo "inside $X $(id -u) $(pwd)"; exit 5'
	assert_fails 5
	assert_output "inside 1 1000 /tmp"
	capture pm exec a nosuch
	assert_fails 127
	run pm pause a
	assert_ok
	assert_equal paused "$(pm inspect --format '{{.State.Status}}' a)"
	run pm unpause a
	assert_ok
	run pm stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' a
	assert_ok
	[[ $output =~ ^a\ [1-9] && $output != *" 0B /"* ]] || fail "stats: $output"
	run pm top a pid args
	assert_ok
	assert_has trap
	run pm stop -t 10 a
	assert_ok
	assert_equal "exited 3" "$(pm inspect --format '{{.State.Status}} {{.State.ExitCode}}' a)"
	run pm logs a
	assert_output "begun
ending"
}

@test "kill, wait, start again, rm" {
	run pm_run -d --name k bb:1 sleep 1000
	assert_ok
	run pm kill k
	assert_ok
	run pm wait k
	assert_output 137
	run pm start k
	assert_ok
	wait_for pm exec k true
	run pm rm -f -t 0 k
	assert_ok
	run pm ps -aq
	assert_output ""
}

@test "health checks" {
	run pm_run -d --name h --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 bb:1 \
		sh -c 'touch /tmp/well; exec sleep 1000'
	assert_ok
	wait_for pm healthcheck run h
	pm exec h rm /tmp/well
	run pm healthcheck run h
	assert_fails 1
}

@test "a pod of two" {
	run pm pod create --name p --network none --cgroup-parent "$CGROUP_TOP" --infra-image bb:1 --infra-command "sleep 1000" \
		--share ipc,uts,net --hostname camp
	assert_ok
	run pm run -d --pod p --name p1 bb:1 sh -c 'hostname; nc -l -p 4000 -e echo "from the first"'
	assert_ok
	run pm run --pod p --name p2 bb:1 sh -c 'for i in 1 2 3 4 5 6 7 8 9; do nc 127.0.0.1 4000 && exit; sleep 0.1; done'
	assert_ok
	assert_output "from the first"
	assert_equal camp "$(pm logs p1)"
	run pm pod stop -t 1 p
	assert_ok
	run pm pod rm -f p
	assert_ok
}

@test "update of limits" {
	pm update --help >/dev/null 2>&1 || skip "missing: podman update (Podman 4.4)"
	run pm_run -d --name u -m 64m bb:1 sleep 1000
	assert_ok
	run pm update -m 32m u
	assert_ok
	run pm exec u sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null'
	assert_output 33554432
}
