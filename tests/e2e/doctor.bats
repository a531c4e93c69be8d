# bivy doctor: findings, their lines, --fix; and bivy system start --install.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

setup_file() {
	engine_setup_file
	export AS_USER=$BATS_TEST_DIRNAME/../lib/as-user
}

# verdict CHECK [FIELD]: of the first finding of CHECK in `report`.
verdict() {
	python3 -c 'import json, sys
print(next(f[sys.argv[2]] for f in json.load(open("report"))["findings"] if f["check"] == sys.argv[1]))' "$1" "${2:-verdict}"
}

@test "a host that runs containers has no errors; what is found is JSON, text and templates" {
	bivy doctor --format json >report || [ $? -eq 1 ]
	for check in calls user-namespaces overlay procfs seccomp own; do [ "$(verdict $check)" = ok ]; done
	python3 -c 'import json, sys; r = json.load(open("report"))
assert r["counts"]["error"] == 0 and len(r["findings"]) == sum(r["counts"].values()) > 20
assert all(f["fix"] is None or f["fix"].strip() for f in r["findings"])
assert any(f["check"] in ("subordinate", "linger", "tun") for f in r["findings"]) == (sys.argv[1] != "0")' "$EUID"
	bivy doctor --all kernel >text
	grep -qx 'ok       kernel/overlay  *overlay works' text
	grep -q '^0 errors, 0 warnings, [0-9]* notes*, [0-9]* fine$' text
	[ "$(bivy doctor --format '{{.counts.ok}}' clock)" = 1 ]
	run -125 bivy doctor seccmp
	[ "$output" = "bivy: there is no check 'seccmp'" ]
	run -125 bivy doctor --yes
	[ "$output" = "bivy: --yes is for --fix" ]
	# Nothing is left of the looking.
	[ ! -e /sys/class/net/bivy-a ]
}

@test "what is low is found, shown with its line by --dry-run, mended by --fix, and fine then" {
	bivy doctor --format json limits >report
	[ "$(verdict limits)" = ok ]
	( ulimit -S -n 256; run -1 bivy doctor limits; [[ $output == *"256 files can be open"*"by hand: ulimit -n 1024"* ]] )
	# The root's directory open to others: a line that anybody may run.
	chmod 777 "$SCRATCH/root"
	run -1 bivy doctor ownership
	[ "${lines[0]}" = "error    places/ownership  others can write to $SCRATCH/root (mode 777)" ]
	[ "${lines[1]}" = "         fix: chmod go-w $SCRATCH/root" ]
	run -1 bivy doctor --fix --dry-run ownership
	[[ $output == *"chmod go-w $SCRATCH/root" ]] && [ "$(stat -c %a "$SCRATCH/root")" = 777 ]
	run -1 bivy doctor --fix ownership <<<n
	[ "$(stat -c %a "$SCRATCH/root")" = 777 ]
	run -0 bivy doctor --fix ownership <<<y
	[ "$(stat -c %a "$SCRATCH/root")" = 755 ]
	chmod 777 "$SCRATCH/root"
	run -0 bivy doctor --fix --yes ownership
	[[ $output == *"0 errors, 0 warnings, 0 notes, 1 fine"* ]]
}

@test "what killed commands left, and who waits for whom" {
	local holder waiter id
	id=$(bivy create --name web --restart always busybox)
	bivy doctor --format json state >report || true
	[ "$(verdict leftovers)" = ok ] && [ "$(verdict waits)" = ok ]
	[[ $(verdict boot finding) == *"1, such as web"* ]]
	mkdir "$SCRATCH/root/containers/.new-$id"
	run -1 bivy doctor --format json leftovers
	echo "$output" >report
	[[ $(verdict leftovers finding) == *"half made or half removed: containers/.new-$id" ]]
	[ "$(verdict leftovers fix)" = "$(readlink -f "$BIVY") --root $SCRATCH/root --run-root $SCRATCH/run system check --repair" ]
	rmdir "$SCRATCH/root/containers/.new-$id"
	flock "$SCRATCH/root/containers/$id" sleep 100 3>&- & holder=$!
	TEST_PIDS+=($holder)
	until grep -q "FLOCK.*:$(stat -c %i "$SCRATCH/root/containers/$id") " /proc/locks; do sleep 0.05; done
	become_bivy rename web other & waiter=$!
	TEST_PIDS+=($waiter)
	until grep -q -e "-> FLOCK.*:$(stat -c %i "$SCRATCH/root/containers/$id") " /proc/locks; do sleep 0.05; done
	bivy doctor --format json waits >report
	[[ $(verdict waits finding) == "container web: locked by process "*"1 waits for it without a limit: process $waiter ($BIVY"* ]]
	pkill -P $holder
	wait $waiter
	run -0 bivy doctor --all waits
	[[ $output == *"nobody waits for a lock"* ]]
}

@test "a user is told what a user needs, with lines that ask for root" {
	[ "$(id -u)" -eq 0 ] || skip "missing: root"
	require_power "granting ids to others"
	chmod 711 "$SCRATCH" "$WORK"
	"$AS_USER" "$BIVY" doctor --format json >report || [ $? -eq 1 ]
	for check in user-namespaces overlay subordinate overlaps runtime-directory ownership tun; do [ "$(verdict $check)" = ok ]; done
	BIVY_USER_IDS=1 "$AS_USER" "$BIVY" doctor --format json ids >report && false || [ $? -eq 1 ]
	[ "$(verdict subordinate)" = warning ]
	[[ $(verdict subordinate fix) =~ ^(sudo |doas |su -c \')usermod\ --add-subuids\ ([0-9]+)-([0-9]+)\ --add-subgids\ [0-9]+-[0-9]+\ bivy-user\'?$ ]]
	[ $((BASH_REMATCH[3] - BASH_REMATCH[2] + 1)) = 65536 ]
	run -1 env BIVY_USER_IDS=1 "$AS_USER" env -u XDG_RUNTIME_DIR "$BIVY" doctor
	output=$(tr -s ' \n' ' ' <<<"$output")
	[[ $output == *"XDG_RUNTIME_DIR is not set"* && $output == *"containers have one user alone"* ]]
}

@test "system start --install has cron call it, where there is nothing better" {
	[ ! -d /run/systemd/system ] && [ ! -d /run/openrc ] || skip "this host has better than cron"
	# A crontab(1) of the test's own, in a mount namespace.
	cat >crontab <<-'END'
		#!/bin/sh
		[ "$1" = -l ] && exec cat "$(dirname "$0")/table" 2>/dev/null
		cat >"$(dirname "$0")/table.new" && mv "$(dirname "$0")/table.new" "$(dirname "$0")/table"
	END
	chmod 755 crontab
	cat >both <<-END
		set -e
		mount -t tmpfs none /usr/local/bin && cp "$WORK/crontab" /usr/local/bin/ && PATH=/usr/local/bin:\$PATH
		echo '5 5 * * * something else' >/usr/local/bin/table
		start() { "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" system start "\$@"; }
		start --install && start --install
		cat /usr/local/bin/table >"$WORK/installed"
		"$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" doctor --all boot >"$WORK/doctor"
		start --uninstall
		cat /usr/local/bin/table >"$WORK/removed"
	END
	local in_namespaces=(unshare -m --propagation private)
	! is_user || in_namespaces+=(--map-current-user --keep-caps)
	"${in_namespaces[@]}" bash both
	[ "$(<removed)" = "5 5 * * * something else" ]
	[ "$(wc -l <installed)" = 2 ]
	[[ $(tail -n 1 installed) == "@reboot '$(readlink -f "$BIVY")' '--root' '$SCRATCH/root' '--run-root' '$SCRATCH/run' 'system' 'start' # bivy-"* ]]
	grep -q '^ok *state/boot *cron starts what should run$' doctor
	run -1 bivy system start --install --uninstall
	[[ $output == *"exclude each other" ]]
}
