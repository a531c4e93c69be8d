# bivy cgroup: control groups without containers, in whichever versions this host has.
bats_require_minimum_version 1.5.0
load ../lib/common

setup() {
	[ -x "${BIVY:-}" ] || skip "missing: bivy in this build"
	require_root
	NAME=t$$-$BATS_TEST_NUMBER
	common_setup
}

teardown() {
	"$BIVY" cgroup rm -f "$NAME" >/dev/null 2>&1 || true
	common_teardown
}

# group_file CONTROLLER V1-FILE V2-FILE: path of the group's file.
group_file() {
	local file=$3
	if cgroup_is_v1 "$1"; then file=$2; fi
	echo "$(cgroup_mount "$1")/bivy-groups/$NAME/$file"
}

@test "a group has its limits in the kernel's own files, and shows them with the path" {
	for controller in cpu memory pids; do require_controller $controller; done
	run -0 "$BIVY" cgroup create "$NAME" --cpus 0.5 --cpu-weight 200 --memory 64m --pids 50
	[ "$output" = "$NAME" ]
	[ "$(cat "$(group_file memory memory.limit_in_bytes memory.max)")" = 67108864 ]
	[ "$(cat "$(group_file pids pids.max pids.max)")" = 50 ]
	[[ "$(cat "$(group_file cpu cpu.cfs_quota_us cpu.max)")" =~ ^50000 ]]
	[ "$(cat "$(group_file cpu cpu.shares cpu.weight)")" = "$(cgroup_is_v1 cpu && echo 2048 || echo 200)" ]
	run -0 "$BIVY" cgroup get "$NAME" --format '{{.Setting}}={{.Value}}'
	[[ $output == *"cpu maximum=0.50 CPUs"*"cpu weight=200"*"memory maximum=64MiB"*"pids=50"* ]]
	[ -e "$("$BIVY" cgroup get "$NAME" --format '{{if eq .Setting "pids"}}{{.File}}{{end}}' | grep .)" ]
	"$BIVY" cgroup set "$NAME" --pids max --cpus max
	[ "$(cat "$(group_file pids pids.max pids.max)")" = max ]
	run -0 "$BIVY" cgroup get "$NAME" --format '{{.Setting}}={{.Value}}'
	[[ $output == *"cpu maximum=none"*"memory maximum=64MiB"*"pids=none"* ]]
}

@test "the kernel's files are written and read as they are; errors name the file" {
	require_controller pids
	"$BIVY" cgroup create "$NAME" pids.max=7
	[ "$("$BIVY" cgroup get "$NAME" pids.max)" = 7 ]
	run -1 "$BIVY" cgroup set "$NAME" pids.max=many
	[[ $output == *"cannot set pids.max: cannot write 'many' to '$(group_file pids pids.max pids.max)': invalid argument"* ]]
	run -1 "$BIVY" cgroup set "$NAME" pids.most=1
	[[ $output == *"cannot set pids.most: there is no file '$(group_file pids pids.most pids.most)'"*hint* ]]
	run -1 "$BIVY" cgroup set "$NAME" cgroup.procs=0
	[[ $output == *"it is no limit"* ]]
	run -1 "$BIVY" cgroup get "$NAME" ../../pids.max
	[[ $output == *"is no name of a control group's file"* ]]
	run -1 "$BIVY" cgroup set "$NAME"
	[[ $output == *"there is nothing to set"* ]]
}

@test "what fails leaves no group; a name is there once; wrong values are refused before" {
	run -1 "$BIVY" cgroup create "$NAME" pids.max=many
	run -1 "$BIVY" cgroup get "$NAME"
	[[ $output == *"no control group '$NAME'"* ]]
	"$BIVY" cgroup create "$NAME"
	run -1 "$BIVY" cgroup create "$NAME"
	[[ $output == *"control group '$NAME' is there already"* ]]
	for wrong in "--cpus 0" "--cpu-weight 0" "--cpu-weight 10001" "--memory lots" "--pids -2" "--device-read-bps /dev/null:1m"; do
		run ! "$BIVY" cgroup set "$NAME" $wrong
	done
	for wrong in .. a/../b /a ''; do
		run -1 "$BIVY" cgroup create "$wrong"
		[[ $output == *"is no name of a control group"* ]]
	done
}

@test "a command runs in the group, with its children and its limits, and exits as it does" {
	require_controller pids
	"$BIVY" cgroup create "$NAME" --pids 3
	run -3 "$BIVY" cgroup exec "$NAME" sh -c 'cat /proc/self/cgroup; exit 3'
	# The kernel names cgroup2 where it is not mounted, too.
	cgroup_mount unified >/dev/null || output=$(grep -v '^0::/$' <<<"$output")
	[ "$(grep -c "/bivy-groups/$NAME\$" <<<"$output")" = "$(wc -l <<<"$output")" ]
	run ! "$BIVY" cgroup exec "$NAME" sh -c 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait'
	[[ $output == *[Ff]ork* ]]
	run -127 "$BIVY" cgroup exec "$NAME" no-such-command
	run -126 "$BIVY" cgroup exec "$NAME" /etc/passwd
}

@test "a maximum holds on an idle host, and watch shows that it does" {
	require_controller cpu
	"$BIVY" cgroup create "$NAME" --cpus 0.1
	"$BIVY" cgroup exec "$NAME" sh -c 'while :; do :; done' &
	own_pid $!
	run -0 "$BIVY" cgroup watch --count 2 --format '{{.CPUPerc}} {{.Throttled}}' "$NAME"
	[ "${#lines[@]}" -eq 2 ]
	# A tenth of one, however much is free, with the rounding of one period.
	awk '{ exit !($1 + 0 < 25) }' <<<"${lines[1]}"
	awk -v n="$("$BIVY" cgroup get "$NAME" cpu.stat | awk '/nr_throttled/ { print $2 }')" 'BEGIN { exit !(n > 0) }'
	run -0 "$BIVY" cgroup watch --count 1 "$NAME"
	[[ $output == "$NAME: cpu "*"pids 1,"* ]] || ! cgroup_mount pids
	run -1 "$BIVY" cgroup watch --count 1 "$NAME-none"
}

@test "a weight decides who gets how much of what both want" {
	require_controller cpu
	require_program taskset
	local group cpu
	cpu=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
	cpu=${cpu%%[-,]*}
	"$BIVY" cgroup create "$NAME"
	"$BIVY" cgroup create "$NAME/light" --cpu-weight 100
	"$BIVY" cgroup create "$NAME/heavy" --cpu-weight 1000
	for group in light heavy; do
		"$BIVY" cgroup exec "$NAME/$group" taskset -c "$cpu" sh -c 'while :; do :; done' &
		own_pid $!
	done
	run -0 "$BIVY" cgroup watch --count 2 --interval 2 --format '{{.CPUPerc}}' "$NAME/light" "$NAME/heavy"
	# The rounds are sorted by name: heavy, light. Ten times as much, less what a short look can tell.
	awk -v heavy="${lines[2]%\%}" -v light="${lines[3]%\%}" 'BEGIN { exit !(heavy > 3 * light) }' || fail "heavy ${lines[2]}, light ${lines[3]}"
}

@test "a memory maximum kills what goes beyond, which get tells" {
	require_controller memory
	"$BIVY" cgroup create "$NAME" --memory 8m --memory-swap 8m || "$BIVY" cgroup create "$NAME" --memory 8m
	run ! "$BIVY" cgroup exec "$NAME" sh -c 'head -c 64m /dev/zero | tail -c 32m >/dev/null'
	run -0 "$BIVY" cgroup get "$NAME"
	[[ $output == *"killed for want of it"* ]]
}

@test "rm kills only with --force; groups in groups; nothing is left, and nobody else's touched" {
	"$BIVY" cgroup create "$NAME"
	"$BIVY" cgroup create "$NAME/a"
	run -1 "$BIVY" cgroup rm "$NAME"
	[[ $output == *"groups are below it"*--force* ]]
	"$BIVY" cgroup exec "$NAME/a" sleep 1000 &
	own_pid $!
	wait_for sh -c "'$BIVY' cgroup ls --format '{{.Name}} {{.Processes}}' | grep -qx '$NAME/a 1'"
	run -1 "$BIVY" cgroup rm "$NAME/a"
	[[ $output == *"cannot remove control group '$NAME/a': 1 process runs in it"* ]]
	kill -0 $!
	run -0 "$BIVY" cgroup rm --force "$NAME"
	run ! "$BIVY" cgroup get "$NAME/a"
	[ -z "$(find /sys/fs/cgroup -maxdepth 4 -type d -name "$NAME*" 2>/dev/null)" ]
}

@test "an ordinary user has what was delegated to him, and a clear word where nothing was" {
	require_power "delegating groups to another"
	require_program setpriv
	run -1 setpriv --reuid 12345 --regid 12345 --clear-groups "$BIVY" cgroup create "$NAME"
	[[ $output == *"cannot make control group '$NAME': no hierarchy was delegated to this user"*hint* ]]
	chmod 755 "$SCRATCH" "$WORK"
	cat >"$WORK/script" <<END
set -e
"$BIVY" cgroup create $NAME pids.max=9
[ "\$("$BIVY" cgroup get $NAME pids.max)" = 9 ]
"$BIVY" cgroup exec $NAME cat /proc/self/cgroup
"$BIVY" cgroup rm $NAME
END
	run -0 "$TESTS_DIR/lib/as-user" bash "$WORK/script"
	[[ $output == *"/bivy-groups/$NAME"* ]]
}
