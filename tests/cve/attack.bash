# What the CVE tests share. Each file attacks the runtime as the advisory of its number describes and looks for the effect on
# the host's side or from inside the container. Three words have a meaning for proof.bats, which runs these files against a
# deliberately careless runtime:
#
#   hit        prints "HIT: …" and fails: the attack worked. Every attack must end so with the careless runtime
#   control:   a test name that starts with it runs an honest container of the same shape; it must pass with any runtime
#   RACE_SECONDS   how long an attack that needs luck is repeated (default 3)

load ../lib/common
load ../lib/programs

RACE_SECONDS=${RACE_SECONDS:-3}

# hit TEXT…: the attack worked.
hit() {
	printf 'HIT: %s\n' "$@"
	return 1
}

# victim: a root file system of its own for the attacked container, and directories on the host that must stay as they are:
# CANARY (one file `canary`, one file `ptmx`) and EVIL (written by the attacker, given to the container as a volume).
victim() {
	own_rootfs
	CANARY=$WORK/canary
	EVIL=$WORK/evil
	mkdir -p "$CANARY" "$EVIL"
	echo untouched >"$CANARY/canary"
	echo untouched >"$CANARY/ptmx"
	canary_before=$(listing "$CANARY")
}

# listing DIR: names, types, sizes and contents below DIR, to compare.
listing() { (cd "$1" && find . -printf '%p %y %s %l\n' | sort && find . -type f -exec sha256sum {} + | sort); }

# assert_canary: the host's directory is as `victim` made it.
assert_canary() {
	local now
	now=$(listing "$CANARY")
	[ "$now" = "$canary_before" ] || hit "the host's directory changed:" "$now"
}

# fake_proc DIR: a directory that looks like procfs where runtimes write: everything says "fake".
fake_proc() {
	local self
	mkdir -p "$1"/sys/net/ipv4 "$1"/sys/kernel "$1"/1
	echo fake | tee "$1"/sys/net/ipv4/ip_forward "$1"/sys/kernel/domainname "$1"/sysrq-trigger "$1"/kcore "$1"/1/comm >/dev/null
	for self in self thread-self; do
		mkdir -p "$1/$self"/attr/apparmor "$1/$self"/ns "$1/$self"/fd
		echo fake | tee "$1/$self"/oom_score_adj "$1/$self"/attr/exec "$1/$self"/attr/keycreate "$1/$self"/attr/apparmor/exec \
			"$1/$self"/loginuid "$1/$self"/setgroups "$1/$self"/comm >/dev/null
	done
}

# assert_fake_untouched DIR: nobody wrote through the fake procfs.
assert_fake_untouched() {
	local written
	written=$(find "$1" -type f -exec grep -LFx fake {} + 2>/dev/null)
	[ -z "$written" ] || hit "written into a fake procfs:" "$written"
}

# procfs_writes: the container asks for settings that a runtime writes through procfs.
procfs_writes() {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .process.oomScoreAdj = 500'
}

# probe_proc: the container's command: says which file system /proc is, whether its masks hold and which settings it got.
probe_proc() {
	config_sh 'echo alive; cat /proc/1/comm; grep " /proc " /proc/self/mountinfo | sed "s/^/mount: /"
		head -c 64 /proc/keys | wc -c | sed "s/^/keys: /"
		cat /proc/self/oom_score_adj | sed "s/^/oom: /"'
}

# assert_proc_honest: after `run_ct` of probe_proc: refused, or /proc is procfs, masked, and the settings are in force.
assert_proc_honest() {
	[ "$status" -eq 0 ] && [[ $output == *alive* ]] || return 0
	[[ $output == *"mount: "*" - proc "* ]] || hit "started without procfs on /proc:" "$output" || return 1
	[[ $output != *fake* ]] || hit "the container sees a fake procfs:" "$output" || return 1
	[[ $output == *"keys: 0"* ]] || hit "masked path is readable:" "$output" || return 1
	[[ $output == *"oom: 500"* ]] || hit "started without its settings:" "$output"
}

# drop_mount DESTINATION…: removes mounts of the base configuration.
drop_mount() { config '.mounts |= map(select(.destination | IN($ARGS.positional[]) | not))' --args "$@"; }

# exchange A B: swaps two names of the host's without end, in the background.
exchange() {
	local program
	program=$(test_program exchange) || skip "missing: a C compiler for the test program exchange"
	"$program" $((RACE_SECONDS + 30)) "$1" "$2" 3>&- 4>&- &
	own_pid $!
}

# race CHECK…: runs the container again and again for RACE_SECONDS; CHECK is called after each run and fails at a hit.
race() {
	local end=$((SECONDS + RACE_SECONDS)) count=0
	while [ $SECONDS -lt $end ]; do
		run_ct
		"$@" || return 1
		rt delete --force "$ID" >/dev/null 2>&1 || true
		count=$((count + 1))
	done
	[ $count -gt 0 ]
}
