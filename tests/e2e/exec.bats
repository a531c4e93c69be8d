# exec: another process in a running container, with every flag and with process.json.

load ../lib/common

setup() {
	common_setup
	config_sh 'trap "exit 0" TERM; while :; do sleep 1000 & wait; done'
}

# started: starts the container of the test after its configuration was edited.
started() { start_ct; }

@test "exec gives the command's status and output" {
	started
	run rt exec "$ID" sh -c 'echo out; echo err >&2; exit 3' </dev/null
	assert_fails 3
	assert_has out err
	run rt exec "$ID" true </dev/null
	assert_ok
	assert_output ""
	run rt exec "$ID" sh -c 'kill -TERM $$' </dev/null
	assert_fails 143
	assert_equal running "$(ct_status)"
}

@test "exec passes the three standard streams through" {
	started
	printf 'one\ntwo\n' | rt exec "$ID" sh -c 'cat; echo to-err >&2' >"$WORK/1" 2>"$WORK/2"
	assert_equal "$(printf 'one\ntwo')" "$(cat "$WORK/1")"
	assert_equal to-err "$(cat "$WORK/2")"
}

@test "exec enters every namespace of the container" {
	started
	local init name
	init=$(ct_pid)
	run rt exec "$ID" sh -c 'for n in pid net ipc uts mnt cgroup user; do readlink /proc/self/ns/$n; done' </dev/null
	assert_ok
	local inside=$output
	for name in pid net ipc uts mnt cgroup user; do
		[[ $inside == *"$(readlink "/proc/$init/ns/$name")"* ]] || fail "not in the container's $name namespace: $inside"
	done
	run rt exec "$ID" hostname </dev/null
	assert_output bivy
}

@test "exec puts the process into the container's cgroups" {
	started
	detached exec --detach --pid-file "$WORK/pid" "$ID" sleep 1000
	assert_ok
	local pid
	pid=$(cat "$WORK/pid")
	# Every line of a hierarchy that the container was placed in ends in its path.
	assert_equal "$(grep -F "$CGROUP" "/proc/$(ct_pid)/cgroup")" "$(grep -F "$CGROUP" "/proc/$pid/cgroup")"
	grep -qF "$CGROUP" "/proc/$pid/cgroup"
}

@test "exec has the root, the working directory and the environment of the configuration" {
	config '.process.cwd = "/home" | .process.env += ["FROM_CONFIG=yes"]'
	started
	run rt exec "$ID" sh -c 'pwd; echo $FROM_CONFIG; ls -d /etc/passwd; echo $HOME' </dev/null
	assert_ok
	assert_output "$(printf '/home\nyes\n/etc/passwd\n/root')"
}

@test "exec --cwd, with and without the directory" {
	started
	run rt exec --cwd /etc "$ID" pwd </dev/null
	assert_output /etc
	run rt exec --cwd /nowhere "$ID" pwd </dev/null
	assert_fails
	run rt exec --cwd relative "$ID" pwd </dev/null
	assert_fails
}

@test "exec --env adds and replaces variables" {
	config '.process.env += ["A=config", "B=config"]'
	started
	run rt exec -e A=flag -e C=x=y "$ID" sh -c 'echo $A $B $C' </dev/null
	assert_output "flag config x=y"
}

@test "exec accepts both spellings of a flag" {
	only_ours "runc 1.1 refuses two spellings in one call"
	started
	run rt exec --env A=long -e B=short --user=1000 "$ID" sh -c 'echo $A $B; id -u' </dev/null
	assert_output "$(printf 'long short\n1000')"
}

@test "exec looks the command up in the PATH it is given" {
	started
	run rt exec --env PATH=/nowhere "$ID" ls </dev/null
	assert_fails
	run rt exec --env PATH=/nowhere:/bin "$ID" ls -d /etc </dev/null
	assert_ok
	assert_output /etc
}

@test "exec --user takes a number and a group" {
	started
	run rt exec --user 1000:29 "$ID" sh -c 'id -u; id -g; echo $HOME' </dev/null
	assert_ok
	assert_output "$(printf '1000\n29\n/home/user')"
	run rt exec -u 1000 "$ID" sh -c 'id -u; id -g' </dev/null
	assert_output "$(printf '1000\n0')"
	run rt exec -u 123456 "$ID" id -u </dev/null
	assert_output 123456
}

@test "exec refuses a malformed --user" {
	started
	local bad
	for bad in 1:x x 99999999999 1:99999999999 4294967295; do
		is_reference && [ "$bad" != "${bad%[0-9]}" ] && continue
		run rt exec --user="$bad" "$ID" true </dev/null
		assert_fails
		assert_one_line
	done
}

@test "exec --additional-gids sets supplementary groups" {
	started
	run rt exec -u 1000:1000 -g 10 -g 29 "$ID" grep Groups /proc/self/status </dev/null
	assert_ok
	assert_equal "Groups: 10 29" "$(echo $output)"
	run rt exec -u 1000:1000 "$ID" grep Groups /proc/self/status </dev/null
	assert_equal "Groups:" "$(echo $output)"
}

@test "exec --cap adds capabilities, without the inheritable set" {
	started
	run rt exec "$ID" grep -E 'Cap(Inh|Prm|Eff|Bnd)' /proc/self/status </dev/null
	assert_equal "CapInh: 0000000000000000 CapPrm: 0000000020000420 CapEff: 0000000020000420 CapBnd: 0000000020000420" "$(echo $output)"
	run rt exec --cap CAP_NET_ADMIN --cap CAP_SYS_TIME "$ID" grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status </dev/null
	assert_equal "CapPrm: 0000000022001420 CapEff: 0000000022001420 CapBnd: 0000000022001420" "$(echo $output)"
	is_reference && return
	run rt exec --cap CAP_NET_ADMIN "$ID" grep CapInh /proc/self/status </dev/null
	assert_equal "CapInh: 0000000000000000" "$(echo $output)"
}

@test "exec --cap of an inheritable capability reaches a user other than root" {
	config '.process.capabilities.inheritable = ["CAP_SYSLOG"] | .process.capabilities.bounding += ["CAP_SYSLOG"]'
	started
	run rt exec --user 1000 --cap CAP_SYSLOG --cap CAP_SYS_TIME "$ID" grep -E 'Cap(Amb|Eff)' /proc/self/status </dev/null
	assert_ok
	assert_equal "CapEff: 0000000400000000 CapAmb: 0000000400000000" "$(echo $output)"
}

@test "exec fails with 255 when it was not the command that failed" {
	started
	run rt exec "$ID" false </dev/null
	assert_fails 1
	run rt exec --pid-file /nonexistent/pid "$ID" true </dev/null
	assert_fails 255
	run rt exec --process /nonexistent "$ID" </dev/null
	assert_fails 255
	run rt exec --detach "$ID" /nonexistent </dev/null
	assert_fails 255
	run rt exec no-such-container true </dev/null
	assert_fails 255
}

@test "exec --no-new-privs" {
	config '.process.noNewPrivileges = false'
	started
	run rt exec "$ID" grep NoNewPrivs /proc/self/status </dev/null
	assert_equal "NoNewPrivs: 0" "$(echo $output)"
	run rt exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status </dev/null
	assert_equal "NoNewPrivs: 1" "$(echo $output)"
}

@test "exec applies the configuration's rlimits, umask, no_new_privs and seccomp" {
	config '.process.user.umask = 63 | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["sethostname"], action: "SCMP_ACT_ERRNO"}]}'
	started
	run rt exec "$ID" sh -c 'umask; ulimit -n; ulimit -H -n; grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status' </dev/null
	assert_ok
	# runc 1.1 leaves the umask out.
	is_reference || assert_has 0077
	assert_equal "1024 1024 NoNewPrivs: 1 Seccomp: 2" "$(echo ${output#*$'\n'})"
}

# ---------------------------------------------------------------- process.json

@test "exec --process takes everything from a file" {
	started
	cat >"$WORK/process.json" <<-'JSON'
		{"terminal": false, "user": {"uid": 1000, "gid": 1000, "additionalGids": [10, 29], "umask": 18},
		 "args": ["sh", "-c", "id -u; id -g; grep Groups /proc/self/status; umask; pwd; echo $ONLY $PATH; grep -E 'CapEff|NoNew' /proc/self/status; grep core /proc/self/limits"],
		 "env": ["ONLY=this", "PATH=/bin"], "cwd": "/etc",
		 "rlimits": [{"type": "RLIMIT_CORE", "soft": 77, "hard": 99}],
		 "capabilities": {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"],
		  "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]},
		 "noNewPrivileges": false}
	JSON
	run rt exec --process "$WORK/process.json" "$ID" </dev/null
	assert_ok
	assert_equal "1000 1000 Groups: 10 29 0022 /etc this /bin CapEff: 0000000000000020 NoNewPrivs: 0 Max core file size 77 99 bytes" "$(echo $output)"
	run rt exec -p "$WORK/process.json" "$ID" </dev/null
	assert_ok
}

@test "exec --process refuses what is no process, naming the field or the file" {
	started
	local file=$WORK/process.json
	run rt exec -p "$WORK/nosuch.json" "$ID"
	assert_fails
	assert_one_line
	assert_has nosuch.json
	echo '{"args": ["true"' >"$file"
	run rt exec -p "$file" "$ID"
	assert_fails
	assert_one_line
	local text want
	while IFS='|' read -r text want; do
		echo "$text" >"$file"
		run rt exec -p "$file" "$ID" </dev/null
		assert_fails
		assert_one_line
		is_reference || assert_has "$want"
	done <<-'LIST'
		{"args": [], "cwd": "/"}|args
		{"args": ["true"], "cwd": ""}|cwd
		{"args": ["true"], "cwd": "relative"}|cwd
		{"args": "true", "cwd": "/"}|args
		{"args": ["true"], "cwd": "/", "user": {"uid": "zero"}}|user.uid
		{"args": ["true"], "cwd": "/", "user": {"uid": -1}}|user.uid
		{"args": ["true"], "cwd": "/", "rlimits": [{"type": "RLIMIT_NOSUCH", "soft": 1, "hard": 1}]}|RLIMIT_NOSUCH
	LIST
	assert_equal running "$(ct_status)"
}

# ---------------------------------------------------------------- states

@test "exec into a created container works" {
	create_ct
	run rt exec "$ID" echo here </dev/null
	assert_ok
	assert_output here
	assert_equal created "$(ct_status)"
}

@test "exec into a stopped container is refused" {
	config_args true
	start_ct
	wait_for status_is stopped
	run rt exec "$ID" true </dev/null
	assert_fails
	assert_one_line
	assert_has stopped
}

@test "exec into a paused container is refused, --ignore-paused waits for the thaw" {
	require_controller freezer
	started
	run rt pause "$ID"
	assert_ok
	run rt exec "$ID" true </dev/null
	assert_fails
	assert_one_line
	assert_has paused
	rt exec --ignore-paused "$ID" sh -c 'exit 6' </dev/null >/dev/null 2>&1 &
	local pid=$!
	own_pid "$pid"
	sleep 0.1
	kill -0 "$pid"
	run rt resume "$ID"
	assert_ok
	status=0
	wait "$pid" || status=$?
	assert_equal 6 "$status"
}

@test "exec without a command or an id is refused" {
	started
	run rt exec "$ID"
	assert_fails
	run rt exec
	assert_fails
}

@test "exec of a command that does not exist is 127, of one that cannot be executed 126" {
	only_ours "runc 1.1 gives 255"
	started
	run rt exec "$ID" nosuch </dev/null
	assert_fails 127
	assert_one_line
	assert_has '"nosuch"'
	run rt exec "$ID" /no/such/path </dev/null
	assert_fails 127
	assert_one_line
	assert_has /no/such/path
	run rt exec "$ID" /etc/passwd </dev/null
	assert_fails 126
	assert_one_line
	assert_has /etc/passwd
	run rt exec "$ID" /etc </dev/null
	assert_fails 126
	assert_equal running "$(ct_status)"
}

# ---------------------------------------------------------------- detached, descriptors, signals

@test "exec --detach returns while the process runs; --pid-file holds its id" {
	started
	detached exec --detach --pid-file "$WORK/pid" "$ID" sleep 1000
	assert_ok
	assert_output ""
	local pid
	pid=$(cat "$WORK/pid")
	assert_equal sleep "$(cat "/proc/$pid/comm")"
	assert_equal "$(readlink "/proc/$(ct_pid)/ns/pid")" "$(readlink "/proc/$pid/ns/pid")"
	kill -9 "$pid"
	wait_for gone "$pid"
	assert_equal running "$(ct_status)"
}

@test "exec --pidfd-socket sends a pidfd of the process" {
	require_python
	only_ours "runc 1.1 has no --pidfd-socket"
	started
	"$PYTHON" "$TESTS_DIR/lib/helper.py" pidfd "$WORK/sock" "$WORK/pidfd" 3>&- &
	own_pid $!
	wait_for test -S "$WORK/sock"
	detached exec --detach --pid-file "$WORK/pid" --pidfd-socket "$WORK/sock" "$ID" sleep 1000
	assert_ok
	wait_for grep -q pid "$WORK/pidfd"
	assert_equal "pid $(cat "$WORK/pid")" "$(head -n 1 "$WORK/pidfd")"
	kill -9 "$(cat "$WORK/pid")"
	wait_for grep -q ended "$WORK/pidfd"
}

@test "exec --preserve-fds passes the descriptors asked for and no other" {
	started
	echo content >"$WORK/three"
	timeout 60 "$BIVY_RUNTIME" --root "$STATE" exec --preserve-fds 1 "$ID" \
		sh -c 'cat <&3; for f in 4 5 7; do [ ! -e /proc/self/fd/$f ] || echo leaked $f; done' \
		</dev/null >"$WORK/res" 2>&1 3<"$WORK/three" 4</dev/null 5</dev/null 7</dev/null
	assert_equal content "$(cat "$WORK/res")"
}

@test "exec without --preserve-fds passes the three standard descriptors only" {
	started
	timeout 60 "$BIVY_RUNTIME" --root "$STATE" exec "$ID" sh -c 'ls /proc/self/fd | wc -l' \
		</dev/null >"$WORK/res" 2>&1 3</dev/null 4</dev/null 9</dev/null
	assert_equal 4 "$(cat "$WORK/res")"
}

@test "exec forwards signals" {
	own_rootfs
	started
	"$BIVY_RUNTIME" --root "$STATE" exec "$ID" sh -c 'trap "exit 21" TERM; echo >/ready; while :; do sleep 0.02; done' \
		</dev/null >/dev/null 2>&1 3>&- &
	local pid=$!
	own_pid "$pid"
	wait_for test -e "$ROOTFS/ready"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal 21 "$status"
}

@test "exec ends with the container" {
	own_rootfs
	started
	rt exec "$ID" sh -c 'echo >/ready; while :; do sleep 1000; done' </dev/null >/dev/null 2>&1 &
	local pid=$!
	own_pid "$pid"
	wait_for test -e "$ROOTFS/ready"
	run rt kill "$ID" KILL
	status=0
	wait "$pid" || status=$?
	assert_equal 137 "$status"
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "ten execs at once all succeed" {
	started
	local i pids=() failed=0
	for i in {1..10}; do
		rt exec "$ID" echo "exec ok" </dev/null >"$WORK/out.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
	assert_equal 0 "$failed" "failed execs"
	assert_equal 10 "$(cat "$WORK"/out.* | grep -cx 'exec ok')"
}

# ---------------------------------------------------------------- cgroups

@test "exec --cgroup places the process below the container's cgroup (v1)" {
	require_cgroup1 pids
	started
	mkdir "$(cgroup_dir pids)/sub"
	detached exec --cgroup pids:sub --detach --pid-file "$WORK/pid" "$ID" sleep 1000
	assert_ok
	local pid
	pid=$(cat "$WORK/pid")
	grep -q "pids:$CGROUP/sub\$" "/proc/$pid/cgroup"
	grep -q "memory:$CGROUP\$" "/proc/$pid/cgroup"
	run rt exec --cgroup pids:../.. "$ID" true </dev/null
	assert_fails
	run rt exec --cgroup pids:nosuch "$ID" true </dev/null
	assert_fails
	assert_has nosuch
}

@test "exec --cgroup places the process below the container's cgroup (v2)" {
	require_cgroup2 pids
	started
	mkdir "$(cgroup_dir unified)/sub"
	detached exec --cgroup sub --detach --pid-file "$WORK/pid" "$ID" sleep 1000
	assert_ok
	grep -q "^0::$CGROUP/sub\$" "/proc/$(cat "$WORK/pid")/cgroup"
	run rt exec --cgroup ../.. "$ID" true </dev/null
	assert_fails
}
