# bivy mounts: the mount tree of a process or container, and its propagation.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

@test "peers, slaves, private and unbindable mounts are told apart, as a tree and as JSON" {
	require_root
	[ -x "${BIVY:-}" ] || skip "missing: bivy in this build"
	cat >script <<'END'
set -e
mount --make-rprivate /
mount -t tmpfs none "$1"
cd "$1"
mkdir a b c d e
mount --make-shared .
mount --bind a b
mount --bind a c
mount --make-slave c
mount -t tmpfs none d
mount --make-private d
mount -t tmpfs none e
mount --make-unbindable e
mount -t tmpfs inner a
"$BIVY" mounts --format json >/dev/shm/$$.json
mv /dev/shm/$$.json "$1/d/json"
LC_ALL=C "$BIVY" mounts >"$1/d/text"
cat "$1/d/json" "$1/d/text"
END
	mkdir there
	run -0 unshare --mount bash script "$WORK/there"
	printf '%s\n' "$output" | sed -n '1,/^}$/p' >json
	jq -e --arg top "$WORK/there" '
		(.mounts | map(select(.target | startswith($top)))) as $m |
		($m[] | select(.target == $top)) as $root |
		$root.shared > 0 and
		($m | any(.target == $top + "/b" and .shared == $root.shared and .root == "/a" and .parent == $root.id)) and
		($m | any(.target == $top + "/c" and .master == $root.shared and (has("shared") | not))) and
		($m | any(.target == $top + "/d" and (has("shared") or has("master") | not) and (.unbindable | not))) and
		($m | any(.target == $top + "/e" and .unbindable)) and
		($m | map(select(.source == "inner")) | map(.target) | sort) == [$top + "/a", $top + "/b", $top + "/c"] and
		(.peerGroups[] | select(.group == $root.shared) | (.members | length) == 2 and (.slaves | length) == 1)' json
	[[ $output == *"|-$WORK/there/b "*"none[/a]"*"shared:"* ]] || [[ $output == *"there/b "*"none[/a]"*"shared:"* ]]
	[[ $output == *"peer group "*": $WORK/there = $WORK/there/b"*"slave $WORK/there/c"* ]]
}

@test "of a container and of a process; and what is neither" {
	[ -e "${SCRATCH:-}/imported" ] || skip "missing: bivy and bivy-transfer in this build, or root"
	bivy run -d --name web --tmpfs /scratch busybox sleep 1000
	run -0 bivy mounts web
	[[ ${lines[0]} == TARGET*SOURCE*TYPE*PROPAGATION*OPTIONS ]]
	[[ $output == *"-/scratch "*tmpfs* ]]
	bivy mounts --format json web >one
	bivy mounts --format json "$(bivy inspect --format '{{.State.Pid}}' web)" >other 2>/dev/null && cmp one other
	run -1 bivy mounts nobody
	[[ $output == *"no such container 'nobody'"* ]]
	run -1 bivy mounts 4194303
	[[ $output == *"no process 4194303"* ]]
	run -1 bivy mounts --format xml
	[[ $output == *"expected tree or json"* ]]
}
