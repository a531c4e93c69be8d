# containerd with this runtime in place of runc, through its shim (io.containerd.runc.v2) and ctr.

load peer

setup_file() {
	common_setup_file
	require_root
	require_program containerd
	require_program ctr containerd
	require_program containerd-shim-runc-v2 containerd
	CTR_DIR=$SCRATCH/containerd
	mkdir -p "$CTR_DIR"
	export CTR_DIR
	host_state >"$CTR_DIR/before"
	cat >"$CTR_DIR/config.toml" <<-TOML
		version = 2
		root = "$CTR_DIR/root"
		state = "$CTR_DIR/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
		[grpc]
		  address = "$CTR_DIR/grpc.sock"
		[ttrpc]
		  address = "$CTR_DIR/ttrpc.sock"
	TOML
	background containerd --config "$CTR_DIR/config.toml"
	export CONTAINERD_PID=$daemon_pid
	wait_for ct version
	make_archive "$CTR_DIR/image.tar"
	ct images import --snapshotter native "$CTR_DIR/image.tar" >/dev/null
	rm "$CTR_DIR/image.tar"
}

teardown() {
	local id
	for id in $(ct tasks ls -q 2>/dev/null); do ct tasks rm -f "$id" >/dev/null 2>&1 || true; done
	for id in $(ct containers ls -q 2>/dev/null); do ct containers rm "$id" >/dev/null 2>&1 || true; done
	common_teardown
}

teardown_file() {
	[ -d "$CTR_DIR" ] || { common_teardown_file; return; }
	end "$CONTAINERD_PID"
	local pid
	for pid in $(grep -lsF "$CTR_DIR" /proc/[0-9]*/cmdline | cut -d/ -f3); do
		! grep -q '^containerd-shim' "/proc/$pid/comm" || end "$pid"
	done
	sweep_mounts "$CTR_DIR"
	sweep_run "$CTR_DIR/before"
	host_state | diff "$CTR_DIR/before" - || { echo "containerd left something on the host"; return 1; }
	common_teardown_file
}

# make_archive TAR: an image of one layer with the name example.org/bb:1.
make_archive() {
	local dir=$CTR_DIR/archive
	mkdir "$dir"
	make_image "$dir/layer.tar"
	jq -n --arg d "sha256:$(sha256sum <"$dir/layer.tar" | cut -d' ' -f1)" --arg a "$(dpkg --print-architecture 2>/dev/null || echo amd64)" \
		'{architecture: $a, os: "linux", rootfs: {type: "layers", diff_ids: [$d]},
		config: {Cmd: ["sh"], Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}}' >"$dir/config.json"
	jq -n '[{Config: "config.json", RepoTags: ["example.org/bb:1"], Layers: ["layer.tar"]}]' >"$dir/manifest.json"
	tar -C "$dir" -cf "$1" manifest.json config.json layer.tar
	rm -r "$dir"
}

# ct ARGUMENT…: ctr at the file's own containerd.
ct() { timeout -k 5 "$(slow 30)" ctr --address "$CTR_DIR/grpc.sock" --namespace bivy "$@" </dev/null 3>&- 4>&-; }

# The flags of each run: this runtime, state of its own, a cgroup of the file's own, limits that this host allows.
RUN_FLAGS=(--runc-binary "$BIVY_RUNTIME" --snapshotter native)

# ct_run FLAG… -- ID CMD…: `ctr run` with them.
ct_run() {
	local flags=()
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	shift
	ct run "${RUN_FLAGS[@]}" --runc-root "$CTR_DIR/runtime" --cgroup "$CGROUP_TOP/$1" "${flags[@]}" example.org/bb:1 "$@"
}

@test "run: output, status, environment, directory" {
	run ct_run --rm --env COLOUR=blue --cwd /tmp -- a sh -c 'echo "$COLOUR $(pwd)"; exit 7'
	assert_fails 7
	assert_output "blue /tmp"
}

@test "run: seccomp, a read-only root, a mount, the host's network" {
	mkdir "$WORK/volume"
	run ct_run --rm --seccomp --read-only --net-host --mount "type=bind,src=$WORK/volume,dst=/data,options=rbind:rw" -- b \
		sh -c 'echo kept >/data/file; touch /x 2>/dev/null || echo "root is read-only"; grep Seccomp: /proc/self/status'
	[[ $output == "root is read-only"*Seccomp:*2* ]] || fail "$output"
	assert_equal kept "$(cat "$WORK/volume/file")"
}

@test "run: a command that does not exist" {
	run ct_run --rm -- c nosuch
	assert_fails
	assert_has nosuch "not found"
	run ct tasks ls -q
	assert_output ""
}

@test "run --tty: a terminal" {
	require_python
	on_terminal ctr --address "$CTR_DIR/grpc.sock" --namespace bivy run "${RUN_FLAGS[@]}" --runc-root "$CTR_DIR/runtime" \
		--cgroup "$CGROUP_TOP/t" --rm --tty example.org/bb:1 t sh -c 'sleep 0.3; test -t 0 && stty size && tty'
	assert_ok
	assert_has "33 77" /dev/pts/0
}

@test "exec, ps, pause, resume, metrics, limits, kill" {
	run ct_run --detach --memory-limit 33554432 -- e sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
	assert_ok
	run ct tasks exec --exec-id x1 --user 1000 --cwd /tmp e sh -c 'echo "inside $(id -u) $(pwd)"; exit 5'
	assert_fails 5
	assert_output "inside 1000 /tmp"
	run ct tasks exec --exec-id x2 e nosuch
	assert_fails
	assert_has nosuch
	run ct tasks ps e
	assert_ok
	assert_has "$(ct tasks ls | awk '$1 == "e" { print $2 }')"
	run ct tasks pause e
	assert_ok
	run ct tasks ls
	assert_has PAUSED
	run ct tasks resume e
	assert_ok
	run ct tasks metrics e
	assert_ok
	[[ $output == *memory.usage* || $output == *memory.current* ]] || fail "metrics: $output"
	assert_equal 33554432 "$(cat "$(cgroup_dir memory "$CGROUP_TOP/e")"/memory.{limit_in_bytes,max} 2>/dev/null)" "memory limit"
	run ct tasks kill e
	assert_ok
	wait_for task_has e STOPPED
	run ct tasks rm e
	assert_has "exit code 3"
}

@test "run detached, kill with SIGKILL, remove, and again with the same name" {
	local round
	for round in 1 2; do
		run ct_run --detach -- r sleep 1000
		assert_ok
		run ct tasks kill --signal SIGKILL r
		assert_ok
		wait_for task_has r STOPPED
		run ct tasks rm r
		assert_has "exit code 137"
		run ct containers rm r
		assert_ok
	done
}

# task_has ID STATUS: for wait_for.
task_has() { ct tasks ls | grep -Eq "^$1 .*$2"; }
