# Docker with this runtime registered in its daemon (dockerd --add-runtime): what people do with containers, through dockerd,
# containerd and its shim. The daemon is the file's own, with every directory, socket and cgroup of its own and no network.

load peer

setup_file() {
	common_setup_file
	require_root
	require_program dockerd docker.io
	require_program containerd
	# Debian's client, should another stand before it.
	DOCKER=/usr/bin/docker
	[ -x "$DOCKER" ] || DOCKER=$(command -v docker) || skip "missing: program docker (package docker.io)"
	DOCKER_DIR=$SCRATCH/docker
	mkdir -p "$DOCKER_DIR/home"
	export DOCKER DOCKER_DIR DOCKER_CONFIG=$DOCKER_DIR/home DOCKER_HOST=unix://$DOCKER_DIR/docker.sock
	host_state >"$DOCKER_DIR/before"
	# containerd of the file's own, so that dockerd neither looks for the machine's nor keeps state in /run or /var/lib.
	cat >"$DOCKER_DIR/containerd.toml" <<-TOML
		version = 2
		root = "$DOCKER_DIR/containerd"
		state = "$DOCKER_DIR/containerd-state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
		[grpc]
		  address = "$DOCKER_DIR/containerd.sock"
		[ttrpc]
		  address = "$DOCKER_DIR/containerd-ttrpc.sock"
	TOML
	background containerd --config "$DOCKER_DIR/containerd.toml"
	export CONTAINERD_PID=$daemon_pid
	wait_for test -S "$DOCKER_DIR/containerd.sock"
	echo '{}' >"$DOCKER_DIR/daemon.json"
	background dockerd --data-root "$DOCKER_DIR/data" --exec-root "$DOCKER_DIR/exec" --pidfile "$DOCKER_DIR/pid" \
		--config-file "$DOCKER_DIR/daemon.json" -H "$DOCKER_HOST" --containerd "$DOCKER_DIR/containerd.sock" \
		--bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --storage-driver vfs \
		--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "$CGROUP_TOP" \
		--add-runtime "bivy=$BIVY_RUNTIME" --default-runtime bivy --live-restore=false --shutdown-timeout 5
	export DOCKERD_PID=$daemon_pid
	wait_for dk version || { tail -n 20 "$SCRATCH/dockerd.log"; return 1; }
	make_image "$DOCKER_DIR/image.tar"
	dk import "$DOCKER_DIR/image.tar" bb:1 >/dev/null
	rm "$DOCKER_DIR/image.tar"
}

teardown() {
	dk ps -aq 2>/dev/null | xargs -r "$DOCKER" rm -f >/dev/null 2>&1 3>&- || true
	common_teardown
}

teardown_file() {
	[ -d "$DOCKER_DIR" ] || { common_teardown_file; return; }
	end "$DOCKERD_PID"
	end "$CONTAINERD_PID"
	local pid
	for pid in $(grep -lsF "$DOCKER_DIR" /proc/[0-9]*/cmdline | cut -d/ -f3); do
		! grep -q '^containerd-shim' "/proc/$pid/comm" || end "$pid"
	done
	sweep_mounts "$DOCKER_DIR"
	sweep_run "$DOCKER_DIR/before"
	host_state | diff "$DOCKER_DIR/before" - || { echo "Docker left something on the host"; return 1; }
	common_teardown_file
}

# dk ARGUMENT…: the docker client at the file's own daemon.
dk() { timeout -k 5 "$(slow 60)" "$DOCKER" "$@" </dev/null 3>&- 4>&-; }

@test "the daemon knows the runtime" {
	run dk info --format '{{.DefaultRuntime}} {{range $name, $r := .Runtimes}}{{$name}}={{$r.Path}} {{end}}'
	assert_ok
	assert_has "bivy=$BIVY_RUNTIME"
	[[ $output == "bivy "* ]]
}

@test "run --rm: output, status, environment, user, directory and limits" {
	run dk run --rm --network none -e COLOUR=blue -u 1000 -w /tmp -h tent -m 32m --pids-limit 20 --cpus 0.5 --ulimit nofile=512:512 bb:1 \
		sh -c 'echo "$COLOUR $(id -u) $(pwd) $(hostname) $(ulimit -n)"; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; exit 7'
	assert_fails 7
	assert_output "blue 1000 /tmp tent 512
33554432"
	run dk ps -aq
	assert_output ""
}

@test "run: volumes, tmpfs, a read-only root, the host's network, capabilities" {
	mkdir "$WORK/volume"
	run dk run --rm --network host -v "$WORK/volume:/data" --tmpfs /scratch --read-only --cap-drop ALL --cap-add KILL \
		--security-opt no-new-privileges bb:1 \
		sh -c 'echo kept >/data/file; touch /scratch/x && touch /x 2>/dev/null || echo "root is read-only"; grep CapEff /proc/self/status'
	assert_ok
	assert_has "root is read-only" 0000000000000020
	assert_equal kept "$(cat "$WORK/volume/file")"
}

@test "run: exit codes 125, 126, 127 and 137" {
	capture dk run --rm --network none --no-such-flag bb:1 true
	assert_fails 125
	capture dk run --rm --network none bb:1 /etc/passwd
	assert_fails 126
	assert_has "ermission denied"
	capture dk run --rm --network none bb:1 nosuch
	assert_fails 127
	assert_has nosuch "not found"
	run dk run --rm --network none bb:1 sh -c 'sh -c "kill -9 \$\$"; exit $?'
	assert_fails 137
}

@test "run -it: a terminal" {
	require_python
	on_terminal "$DOCKER" run --rm -it --network none bb:1 sh -c 'sleep 0.5; test -t 0 && stty size && tty'
	assert_ok
	assert_has "33 77" /dev/pts/0
}

@test "exec, logs, pause, unpause, update, stats, top, stop" {
	run dk run -d --name one --network none -m 64m --memory-swap 64m bb:1 \
		sh -c 'trap "echo ending; exit 3" TERM; echo begun; while :; do sleep 0.1; done'
	assert_ok
	run dk exec -e X=1 -u 1000 -w /tmp one sh -c 'echo "inside $X $(id -u) $(pwd)"; exit 5'
	assert_fails 5
	assert_output "inside 1 1000 /tmp"
	capture dk exec one nosuch
	[[ $status == 12[67] ]] || fail "status $status" # 126 until Docker 24
	assert_has nosuch "not found"
	capture dk exec one /etc/passwd
	assert_fails 126
	run dk pause one
	assert_ok
	assert_equal paused "$(dk inspect --format '{{.State.Status}}' one)"
	run dk unpause one
	assert_ok
	run dk update -m 32m --memory-swap 32m --cpus 0.5 one
	assert_ok
	run dk exec one sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null'
	assert_output 33554432
	run dk stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' one
	assert_ok
	[[ $output =~ ^one\ [1-9] && $output == *32MiB* && $output != *" 0B /"* ]] || fail "stats: $output"
	run dk top one
	assert_ok
	assert_has trap
	run dk stop -t 10 one
	assert_ok
	assert_equal "exited 3" "$(dk inspect --format '{{.State.Status}} {{.State.ExitCode}}' one)"
	run dk logs one
	assert_output "begun
ending"
}

@test "kill, wait, start again, restart, rm -f" {
	run dk run -d --name killed --network none bb:1 sleep 1000
	assert_ok
	run dk kill killed
	assert_ok
	run dk wait killed
	assert_output 137
	run dk start killed
	assert_ok
	run dk exec killed true
	assert_ok
	run dk restart -t 0 killed
	assert_ok
	run dk exec killed true
	assert_ok
	run dk rm -f killed
	assert_ok
}

@test "out of memory is noticed" {
	run dk run --name oom --network none -m 16m --memory-swap 16m bb:1 sh -c 'head -c 64m /dev/zero | tail -c 64m >/dev/null; exit $?'
	assert_fails 137
	assert_equal true "$(dk inspect --format '{{.State.OOMKilled}}' oom)"
}

@test "restart policy" {
	run dk run -d --name again --network none --restart on-failure:2 bb:1 sh -c 'echo round; exit 4'
	assert_ok
	wait_for restarted again 2
	assert_equal "round
round
round" "$(dk logs again)"
}

# restarted NAME COUNT: for wait_for.
restarted() { [ "$(dk inspect --format '{{.RestartCount}} {{.State.Status}}' "$1")" = "$2 exited" ]; }

@test "health checks" {
	run dk run -d --name health --network none --health-cmd 'test -e /tmp/well' --health-interval 200ms --health-retries 1 bb:1 sleep 1000
	assert_ok
	wait_for health_is unhealthy
	dk exec health touch /tmp/well
	wait_for health_is healthy
}

# health_is STATUS: for wait_for.
health_is() { [ "$(dk inspect --format '{{.State.Health.Status}}' health)" = "$1" ]; }
