# Common ground of the end-to-end tests: a busybox root file system per file, a bundle and a state directory per test,
# assertions that print what they saw, requirements that skip with the capability that is missing, and a clean-up that
# ends only what the test itself made.
#
# A test file begins with `load ../lib/common`. It gets setup_file, setup, teardown and teardown_file from here; a file
# that defines its own calls the common_ function of the same name first (last in a teardown).
#
# Per file:  SCRATCH  own directory, mode 711      BASE_ROOTFS  busybox, shared by the file's tests, mounted read-only
# Per test:  ID       container id                 BUNDLE       bundle, with config.json
#            STATE    the runtime's --root         CGROUP       cgroupsPath of the container
#            ROOTFS   root file system in use      WORK         directory for whatever else the test writes
#
# From the environment: BIVY_RUNTIME (path of the program under test), BIVY_RUNTIME_FLAGS (more global flags, optional),
# BIVY_TEST_SLOW (factor for the bounds of waiting, default 1; sanitizer and emulated runs set more).

BIVY_RUNTIME=${BIVY_RUNTIME:-$(command -v bivy-runtime || true)}
TESTS_DIR=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=$(command -v python3 || true)
LC_ALL=C
export BIVY_RUNTIME TESTS_DIR PYTHON LC_ALL
# What is prepared ahead would be found by all tests that look for what is left; e2e/pool.bats says otherwise.
BIVY_POOL=${BIVY_POOL:-off}
export BIVY_POOL
# Containers' users must get at what tests make, whatever the caller's mask.
umask 022

. "${BASH_SOURCE[0]%/*}/skip.bash"

# ---------------------------------------------------------------- set-up and clean-up

setup_file() { common_setup_file; }
setup() { common_setup; }
teardown() { common_teardown; }
teardown_file() { common_teardown_file; }

# Makes SCRATCH and the busybox root file system that all tests of the file share.
common_setup_file() {
	[ -x "$BIVY_RUNTIME" ] || { echo "BIVY_RUNTIME='$BIVY_RUNTIME' is not a program" >&2; return 1; }
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/bivy-test.XXXXXX")
	chmod 711 "$SCRATCH"
	CGROUP_TOP=/${SCRATCH##*/}
	CGROUP_TOP=${CGROUP_TOP//./-}
	BASE_ROOTFS=$SCRATCH/rootfs
	export SCRATCH CGROUP_TOP BASE_ROOTFS
	make_rootfs "$BASE_ROOTFS"
}

# Makes the state directory, the work directory and a bundle of the base configuration for one test.
common_setup() {
	skip_with_file
	umask 022
	WORK=$SCRATCH/t$BATS_TEST_NUMBER
	STATE=$WORK/state
	BUNDLE=$WORK/bundle
	ID=ct$BATS_TEST_NUMBER
	CGROUP=$CGROUP_TOP/$ID
	ROOTFS=$BASE_ROOTFS
	TEST_PIDS=()
	umask 066
	mkdir -p "$BUNDLE"
	umask 022
	base_config >"$BUNDLE/config.json"
	cd "$WORK"
}

# Deletes the test's containers, the processes registered with `own_pid`, its cgroups, mounts and directories.
common_teardown() {
	local pid dir
	cd /
	[ -n "${WORK:-}" ] || return 0
	for pid in "${TEST_PIDS[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
	for dir in "$STATE" "$WORK"/state?*; do
		[ -d "$dir" ] && delete_all "$dir"
	done
	for dir in /sys/fs/cgroup"$CGROUP_TOP"/*/ /sys/fs/cgroup/*"$CGROUP_TOP"/*/; do
		[ -d "$dir" ] || continue
		sweep_cgroups "$CGROUP_TOP"
		break
	done
	sweep_mounts "$WORK"
	# --one-file-system: a mount that could not be removed must never be emptied.
	rm -rf --one-file-system "$WORK" 2>/dev/null || true
}

# Removes SCRATCH; fails when anything of the file's tests is still mounted or in a cgroup.
common_teardown_file() {
	[ -n "${SCRATCH:-}" ] || return 0
	sweep_cgroups "$CGROUP_TOP"
	sweep_mounts "$SCRATCH"
	rm -rf --one-file-system "$SCRATCH"
}

# delete_all STATE: `delete --force` for every record below a state directory.
delete_all() {
	local record
	for record in "$1"/*; do
		[ -d "$record" ] || continue
		timeout -k 5 20 "$BIVY_RUNTIME" --root "$1" delete --force "${record##*/}" >/dev/null 2>&1 3>&- || true
	done
}

# sweep_cgroups TOP: kills what is below the cgroup TOP in every hierarchy and removes the directories.
sweep_cgroups() {
	local dir try
	[ ${#1} -gt 4 ] || return 0
	# Nearly always empty groups are all that is left.
	rmdir /sys/fs/cgroup"$1"/* /sys/fs/cgroup/*"$1"/* /sys/fs/cgroup"$1" /sys/fs/cgroup/*"$1" 2>/dev/null || true
	for dir in /sys/fs/cgroup"$1" /sys/fs/cgroup/*"$1"; do
		[ -d "$dir" ] || continue
		for try in 1 2 3 4 5 6 7 8 9 10; do
			thaw_cgroups "$dir"
			find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -9 2>/dev/null || true
			find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true
			[ -d "$dir" ] || break
			sleep 0.05
		done
	done
	return 0
}

# thaw_cgroups DIR: lets frozen processes below DIR die (v1 and v2).
thaw_cgroups() {
	local file
	while IFS= read -r file; do
		case $file in
		*/freezer.state) echo THAWED >"$file" ;;
		*/cgroup.freeze) echo 0 >"$file" ;;
		esac
	done < <(find "$1" -name freezer.state -o -name cgroup.freeze 2>/dev/null) 2>/dev/null || true
}

# sweep_mounts DIR: unmounts what is mounted below DIR, last first.
sweep_mounts() {
	local where table
	[ -n "$1" ] || return 0
	IFS= read -r -d '' table </proc/self/mountinfo || true
	[[ $table == *" $1/"* ]] || return 0
	awk -v d="$1/" 'index($5 "/", d) == 1 { print $5 }' /proc/self/mountinfo | tac | while IFS= read -r where; do
		umount -l "$(printf '%b' "$where")" 2>/dev/null || true
	done
}

# own_pid PID…: ends these processes in the teardown.
own_pid() { TEST_PIDS+=("$@"); }

# ---------------------------------------------------------------- root file systems, bundles, configuration

# make_rootfs DIR: a root file system of busybox with all applets as names of one file, /etc/passwd, /etc/group and empty mount points.
make_rootfs() {
	local busybox=${BIVY_BUSYBOX:-/bin/busybox}
	[ -x "$busybox" ] || skip "missing: busybox (package busybox-static)"
	mkdir -p "$1"/{bin,dev,etc,home/user,proc,root,run,sys,usr/bin,var}
	mkdir -m 1777 "$1/tmp"
	cp "$busybox" "$1/bin/busybox"
	# Hard links: symbolic ones are 270 inodes for each root file system and each copy of one, which takes most of a second.
	"$1/bin/busybox" --install "$1/bin"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'daemon:x:1:1:daemon:/usr/sbin:/bin/false' \
		'user:x:1000:1000:a user:/home/user:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/false' >"$1/etc/passwd"
	printf '%s\n' 'root:x:0:' 'daemon:x:1:' 'tty:x:5:' 'wheel:x:10:user' 'user:x:1000:' 'audio:x:29:user,daemon' \
		'nogroup:x:65534:' >"$1/etc/group"
	chown 1000:1000 "$1/home/user" 2>/dev/null || true
}

# own_rootfs: gives the test a root file system of its own, writable, in $BUNDLE/rootfs, and configures it.
own_rootfs() {
	ROOTFS=$BUNDLE/rootfs
	cp -a "$BASE_ROOTFS" "$ROOTFS"
	replace_config "\"root\":{\"path\":\"$BASE_ROOTFS\",\"readonly\":true}" '"root":{"path":"rootfs","readonly":false}' ||
		config '.root = {path: "rootfs", readonly: false}'
}

# new_bundle DIR: a bundle whose config.json is the base configuration (as runc's default, without a terminal).
new_bundle() {
	mkdir -p "$1"
	base_config >"$1/config.json"
}

# base_config: prints the base configuration of this test. replace_config relies on how it is written.
base_config() {
	local text
	# Without a process: this runs before every test.
	IFS= read -r -d '' text <<JSON || true
{"ociVersion":"1.2.0",
"process":{"terminal":false,"user":{"uid":0,"gid":0},"args":["true"],"env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","TERM=xterm"],"cwd":"/",
 "capabilities":{"bounding":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],
  "effective":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],
  "permitted":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]},
 "rlimits":[{"type":"RLIMIT_NOFILE","hard":1024,"soft":1024}],"noNewPrivileges":true},
"root":{"path":"$ROOTFS","readonly":true},
"hostname":"bivy",
"mounts":[
 {"destination":"/proc","type":"proc","source":"proc"},
 {"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},
 {"destination":"/dev/pts","type":"devpts","source":"devpts",
  "options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]},
 {"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","noexec","nodev","mode=1777","size=65536k"]},
 {"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]},
 {"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]},
 {"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev","relatime","ro"]}],"linux":{"cgroupsPath":"$CGROUP",
 "resources":{"devices":[{"allow":false,"access":"rwm"}]},
 "namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"cgroup"}],
 "maskedPaths":["/proc/acpi","/proc/asound","/proc/kcore","/proc/keys","/proc/latency_stats","/proc/timer_list",
  "/proc/timer_stats","/proc/sched_debug","/sys/firmware","/proc/scsi"],
 "readonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]}}
JSON
	printf '%s' "$text"
}

# json_words WORD…: sets REPLY to a JSON array of the words; false if one of them has what JSON or jq would not take as it is.
json_words() {
	local word list=
	for word; do
		word=${word//\\/\\\\}
		word=${word//\"/\\\"}
		word=${word//$'\n'/\\n}
		word=${word//$'\t'/\\t}
		[[ $word != *[^[:print:]]* ]] || return 1
		list+=${list:+,}\"$word\"
	done
	REPLY=[$list]
}

# replace_config OLD NEW: puts NEW in the place of the text OLD in $BUNDLE/config.json; false if it is not there. What nearly
# every test changes is changed so: jq takes 50 ms.
replace_config() {
	local text
	[ -f "$BUNDLE/config.json" ] || return 1
	IFS= read -r -d '' text <"$BUNDLE/config.json" || true
	[[ $text == *"$1"* ]] || return 1
	printf '%s' "${text%%"$1"*}$2${text#*"$1"}" >"$BUNDLE/config.json"
}

# config EXPR [JQ-OPTION…]: edits $BUNDLE/config.json with jq: config '.hostname = $h' --arg h name
config() {
	local expr=$1 edited
	shift
	edited=$(jq -c "$expr" "$@" <"$BUNDLE/config.json") || return 1
	printf '%s\n' "$edited" >"$BUNDLE/config.json"
}

# config_args WORD…: sets the command of the container.
config_args() {
	local REPLY
	if ! json_words "$@" || ! replace_config '"args":["true"],"env"' "\"args\":$REPLY,\"env\""; then
		config '.process.args = $ARGS.positional' --args -- "$@"
	fi
}

# add_mount DESTINATION TYPE SOURCE OPTION…: appends a mount to the configuration.
add_mount() {
	local REPLY object end=']}],"linux":{"cgroupsPath"'
	if json_words "${@:4}" && object="\"options\":$REPLY" && json_words "$3" && object="\"source\":${REPLY:1:-1},$object" &&
		json_words "$2" && object="\"type\":${REPLY:1:-1},$object" && json_words "$1" &&
		replace_config "$end" "]},{\"destination\":${REPLY:1:-1},$object}${end:2}"; then
		return
	fi
	config '.mounts += [{destination: $d, type: $t, source: $s, options: $ARGS.positional}]' \
		--arg d "$1" --arg t "$2" --arg s "$3" --args "${@:4}"
}

# config_sh SCRIPT [WORD…]: sets the command to `sh -c SCRIPT sh WORD…`.
config_sh() { config_args sh -c "$1" sh "${@:2}"; }

# ---------------------------------------------------------------- running the runtime

# rt ARGUMENT…: the runtime with the test's state directory, bounded in time, without bats' own descriptors.
rt() {
	# shellcheck disable=SC2086
	timeout --foreground -k 5 $((60 * ${BIVY_TEST_SLOW:-1})) "$BIVY_RUNTIME" $BIVY_RUNTIME_FLAGS --root "$STATE" "$@" 3>&- 4>&-
}

# run_ct [FLAG…]: `run` of $ID from $BUNDLE without a standard input; sets $status and $output (both streams).
run_ct() { run rt run --bundle "$BUNDLE" "$@" "$ID" </dev/null; }

# detached ARGUMENT…: the runtime for verbs that leave a process behind (create, run -d, exec -d). A container that held
# bats' pipe would make `run` wait for it, so its output goes to $WORK/out; sets $status and $output.
detached() {
	status=0
	rt "$@" </dev/null >"$WORK/out" 2>&1 || status=$?
	output=$(<"$WORK/out")
}

# create_ct [FLAG…]: creates $ID from $BUNDLE and fails the test when that fails.
create_ct() {
	detached create --bundle "$BUNDLE" "$@" "$ID"
	assert_ok
}

# start_ct [FLAG…]: creates and starts $ID, which then runs its configured command detached.
start_ct() {
	detached run --detach --bundle "$BUNDLE" "$@" "$ID"
	assert_ok
}

# sleeper [FLAG…]: starts $ID with a command that sleeps until it is killed (a shell that ends at SIGTERM).
sleeper() {
	config_sh 'trap "exit 0" TERM; while :; do sleep 1000 & wait; done'
	start_ct "$@"
}

# state_member NAME PATTERN ID: prints what the state says; nothing if there is none. Without jq: waiting asks often.
state_member() {
	local state
	state=$(rt state "$3")
	[[ ! $state =~ \"$1\":\ *$2 ]] || echo "${BASH_REMATCH[1]}"
}

# ct_status [ID]: prints the status of a container (created, running, paused, stopped).
ct_status() { state_member status '"([a-z]+)"' "${1:-$ID}"; }

# ct_pid [ID]: prints the host process id of a container's init.
ct_pid() { state_member pid '([0-9]+)' "${1:-$ID}"; }

# in_ct CMD…: exec in $ID; output and status are the command's.
in_ct() { rt exec "$ID" "$@" </dev/null; }

# ---------------------------------------------------------------- waiting

# slow N: N times BIVY_TEST_SLOW.
slow() { echo $(($1 * ${BIVY_TEST_SLOW:-1})); }

# wait_for CMD…: until CMD succeeds, up to 10 s (times BIVY_TEST_SLOW); fails the test otherwise.
wait_for() {
	local end=$((SECONDS + $(slow 10)))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "waited in vain for: $*"; return 1; }
		sleep 0.02
	done
}

# status_is STATUS [ID]: whether the container has the status; for wait_for.
status_is() { [ "$(ct_status "${2:-$ID}")" = "$1" ]; }

# gone PID: whether no process (or only a zombie) has this id; for wait_for.
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:[[:space:]]*[ZX]' "/proc/$1/status" 2>/dev/null || [ ! -e "/proc/$1" ]; }

# ---------------------------------------------------------------- assertions (after `run`, `run_ct` or `detached`)

# fail TEXT…: fails the test with a message.
fail() { printf '%s\n' "$@"; return 1; }

# assert_ok: the last command had status 0.
assert_ok() { [ "$status" -eq 0 ] || fail "status $status, expected 0; output:" "$output"; }

# assert_fails [STATUS]: the last command failed (with this status).
assert_fails() {
	[ "$status" -ne 0 ] || fail "status 0, expected a failure; output:" "$output"
	[ -z "${1:-}" ] || [ "$status" -eq "$1" ] || fail "status $status, expected $1; output:" "$output"
}

# assert_output TEXT: the output is exactly TEXT.
assert_output() { [ "$output" = "$1" ] || fail "expected output:" "$1" "actual output:" "$output"; }

# assert_has TEXT…: the output contains each TEXT.
assert_has() {
	local text
	for text; do
		[[ $output == *"$text"* ]] || fail "output lacks '$text':" "$output" || return 1
	done
}

# assert_lacks TEXT…: the output contains no TEXT.
assert_lacks() {
	local text
	for text; do
		[[ $output != *"$text"* ]] || fail "output has '$text':" "$output" || return 1
	done
}

# assert_equal EXPECTED ACTUAL [WHAT]: two strings are the same.
assert_equal() { [ "$1" = "$2" ] || fail "${3:-value}: expected '$1', got '$2'"; }

# assert_one_line: the output is exactly one line, not empty.
assert_one_line() {
	[ -n "$output" ] && [ "$(printf '%s\n' "$output" | wc -l)" -eq 1 ] || fail "expected one line, got:" "$output"
}

# assert_refused TEXT…: the runtime's way to say no: status 1, one line that contains each TEXT, and nothing left behind.
assert_refused() {
	assert_fails 1 || return 1
	assert_one_line || return 1
	assert_has "$@" || return 1
	assert_nothing_left
}

# what_is_left: prints processes, mounts, cgroups and records of this test that exist now.
what_is_left() { "$TESTS_DIR/lib/left" "$SCRATCH" "$WORK" "$STATE" "$CGROUP_TOP"; }

# assert_nothing_left: the test left no process, mount, cgroup or record (a dying process gets two seconds).
assert_nothing_left() {
	local end=$((SECONDS + $(slow 2))) left
	while left=$(what_is_left) && [ -n "$left" ]; do
		[ $SECONDS -lt $end ] || { fail "left behind:" "$left"; return 1; }
		sleep 0.05
	done
}

# ---------------------------------------------------------------- cgroups

# cgroup_dir CONTROLLER [PATH]: the container's cgroup directory in the hierarchy that carries the controller (v1 first,
# as the kernel gives a controller to one hierarchy only); `unified` and `systemd` name those hierarchies themselves.
cgroup_dir() {
	local path=${2:-$CGROUP} mount
	mount=$(cgroup_mount "$1") || return 1
	echo "$mount$path"
}

# cgroup_mount CONTROLLER: the mount point of the hierarchy that carries the controller.
cgroup_mount() {
	local name=$1 mount
	case $name in
	unified) mount=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo) ;;
	systemd) mount=$(awk '/ - cgroup .*name=systemd/ { print $5; exit }' /proc/self/mountinfo) ;;
	*)
		mount=$(awk -v c="$name" '/ - cgroup / { n = split($NF, o, ","); for (i = 1; i <= n; i++) if (o[i] == c) { print $5; exit } }' \
			/proc/self/mountinfo)
		if [ -z "$mount" ]; then
			mount=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
			[ -n "$mount" ] || return 1
			# freezer and devices belong to cgroup2 itself, they are no controllers of it.
			case $name in freezer | devices) ;; *) grep -qw "$name" "$mount/cgroup.controllers" || return 1 ;; esac
		fi
		;;
	esac
	[ -n "$mount" ] || return 1
	echo "$mount"
}

# cgroup_is_v1 CONTROLLER: whether a v1 hierarchy carries the controller.
cgroup_is_v1() { grep -Eq " - cgroup .*[ ,]$1(,|\$)" /proc/self/mountinfo; }

# cgroup_read CONTROLLER FILE: prints a file of the container's cgroup.
cgroup_read() { cat "$(cgroup_dir "$1")/$2"; }

# ---------------------------------------------------------------- requirements: skip, naming what is missing

# There are two ways to be an ordinary user: is_user is who has a home, and is root there alone; the other is root of namespaces that such a
# user has made. has_power: whether the test is neither.
is_user() { [ "$EUID" -ne 0 ]; }
in_first_userns() { [ ! -e /proc/self/uid_map ] || grep -qx ' *0  *0  *4294967295' /proc/self/uid_map; }
has_power() { ! is_user && in_first_userns; }

# require_power WHAT: what neither can have, whatever runs for him. user_lacks WHAT: what who is root of namespaces can.
require_power() { has_power || skip "missing: what an ordinary user lacks: $1"; }
user_lacks() { ! is_user || skip "missing: what an ordinary user lacks: $1"; }

require_root() { [ "$EUID" -eq 0 ] || skip "missing: root"; }

# require_cap CAP_NAME: an effective capability of the test itself.
require_cap() { has_cap "$1" || skip "missing: $1"; }

# has_cap CAP_NAME: whether the test has it.
has_cap() {
	local number
	number=$(cap_number "$1") || fail "unknown capability $1"
	(((16#$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> number) & 1))
}

# cap_number CAP_NAME: the capabilities that tests ask for, by number of linux/capability.h.
cap_number() {
	case $1 in
	CAP_CHOWN) echo 0 ;; CAP_NET_ADMIN) echo 12 ;; CAP_NET_RAW) echo 13 ;; CAP_SYS_MODULE) echo 16 ;; CAP_SYS_PTRACE) echo 19 ;;
	CAP_SYS_ADMIN) echo 21 ;; CAP_SYS_NICE) echo 23 ;; CAP_SYS_RESOURCE) echo 24 ;; CAP_SYS_TIME) echo 25 ;; CAP_MKNOD) echo 27 ;;
	CAP_SETFCAP) echo 31 ;; CAP_MAC_ADMIN) echo 33 ;; CAP_BPF) echo 39 ;; CAP_CHECKPOINT_RESTORE) echo 40 ;;
	*) return 1 ;;
	esac
}

# require_cgroup1 CONTROLLER: a v1 hierarchy with it.
require_cgroup1() { cgroup_is_v1 "$1" || skip "missing: cgroup v1 controller $1"; }

# require_cgroup2 [CONTROLLER]: a cgroup2 mount (with the controller).
require_cgroup2() {
	local mount
	mount=$(cgroup_mount unified) || skip "missing: cgroup2"
	[ -z "${1:-}" ] || grep -qw "$1" "$mount/cgroup.controllers" || skip "missing: cgroup2 controller $1"
}

# require_controller CONTROLLER: in whichever hierarchy.
require_controller() { cgroup_mount "$1" >/dev/null || skip "missing: cgroup controller $1"; }

# require_program NAME [PACKAGE].
require_program() { command -v "$1" >/dev/null || skip "missing: program $1${2:+ (package $2)}"; }

# require_python: a python3 for the helpers in tests/lib.
require_python() { [ -n "$PYTHON" ] || skip "missing: python3"; }

# require_kernel MAJOR.MINOR FEATURE: for what cannot be tried out cheaply.
require_kernel() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ] || skip "missing: kernel $1 ($2)"
}

# require_userns: user namespaces.
require_userns() { unshare --user true 2>/dev/null || skip "missing: user namespaces"; }

# require_timens: time namespaces.
require_timens() { [ -e /proc/self/ns/time ] || skip "missing: time namespaces"; }

# require_apparmor / require_selinux: the security module is active.
require_apparmor() { has_apparmor || skip "missing: AppArmor"; }
has_apparmor() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; }
require_selinux() { grep -qs . /sys/fs/selinux/enforce || skip "missing: SELinux"; }

# require_unsanitized: for what the memory that AddressSanitizer reserves makes impossible.
require_unsanitized() { [ -z "${BIVY_SANITIZED:-}" ] || skip "missing: a build without sanitizers"; }

# require_fs NAME: a file system of the kernel.
require_fs() { grep -qw "$1" /proc/filesystems || skip "missing: file system $1"; }

# require_newuidmap: the setuid helpers of package uidmap.
require_newuidmap() { require_program newuidmap uidmap; require_program newgidmap uidmap; }

# is_reference: whether the program under test is not ours (runc, crun): for tests of what only ours promises.
is_reference() { case ${BIVY_RUNTIME##*/} in runc | crun | youki) true ;; *) false ;; esac; }

# only_ours WHAT: skips a promise of this runtime when the tests run against a reference runtime.
only_ours() { ! is_reference || skip "reference runtime: $1"; }
