# Health checks: when they run, what they say, and what is done about it.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# what_ps_says NAME: its status, with its health.
what_ps_says() { bivy ps -a --filter "name=^$1\$" --format '{{.Status}}'; }
ps_says() { [[ $(what_ps_says "$1") == *"$2"* ]]; }

# health NAME FILTER: what is known of its health.
health() { bivy inspect --format '{{json .State.Health}}' "$1" | jq -r "$2"; }
health_is() { [ "$(health "$1" .Status)" = "$2" ]; }

@test "health: it starts, gets healthy, and unhealthy again" {
	bivy run -d --name web --health-cmd 'test -e /ok && echo fine || { echo missing; exit 3; }' --health-interval 50ms --health-retries 2 \
		--health-start-period 10m --health-start-interval 50ms busybox sleep 1000 >/dev/null
	ps_says web '(health: starting)'
	# In the start period it may fail as often as it likes.
	wait_for eval '[ "$(health web ".Log|length")" -ge 3 ]'
	health_is web starting
	[ "$(health web '.Log[0]|[.ExitCode, .Output]|tojson')" = '[3,"missing\n"]' ]
	bivy exec web touch /ok
	wait_for ps_says web '(healthy)'
	bivy exec web rm /ok
	wait_for ps_says web '(unhealthy)'
	[ "$(health web .FailingStreak)" -ge 2 ]
	# Not more than the last few results are kept.
	wait_for eval '[ "$(health web ".Log|length")" -eq 5 ]'
}

@test "health: one that takes too long is ended, with all that it started" {
	local limit='500 ms'

	[ "${BIVY_TEST_SLOW:-1}" = 1 ] || limit="$(slow 1) s"
	bivy run -d --name web --health-cmd 'echo begun; sleep 1000' --health-interval 50ms --health-timeout "${limit// /}" --health-retries 1 busybox \
		sleep 2000 >/dev/null
	wait_for health_is web unhealthy
	[ "$(health web '.Log[0]|[.ExitCode, .Output]|tojson')" = "[-1,\"took longer than $limit: begun\\n\"]" ]
	# Nothing is there but what may be the next one, a shell and its child.
	wait_for eval '[ "$(health web .FailingStreak)" -ge 2 ]'
	[ "$(bivy top web | grep -c 'sleep 1000')" -le 2 ]
	bivy kill web >/dev/null
	[ "$(bivy wait web)" = 137 ]
}

@test "health: what cannot be executed is told" {
	tar c -C "$BASE_ROOTFS" . |
		bivy import --change 'HEALTHCHECK --interval=50ms --retries=1 CMD ["/no/such"]' --change 'CMD ["sleep", "1000"]' - unhealthy >/dev/null
	bivy run -d --name web unhealthy >/dev/null
	wait_for health_is web unhealthy
	[[ $(health web '.Log[0].Output') == *'cannot execute "/no/such": no such file or directory'* ]]
	# The image's check is not wanted.
	bivy run -d --name none --no-healthcheck unhealthy >/dev/null
	[[ $(what_ps_says none) != *health* ]]
}

@test "health: on failure the container is killed, stopped, or started anew" {
	bivy run -d --name killed --health-cmd false --health-interval 50ms --health-retries 1 --health-on-failure kill busybox sleep 1000 >/dev/null
	bivy run -d --name stopped --health-cmd false --health-interval 50ms --health-retries 1 --health-on-failure stop busybox \
		sh -c 'trap "exit 5" TERM; while :; do sleep 0.02; done' >/dev/null
	bivy run -d --name again --health-cmd 'test -e /second' --health-interval 50ms --health-retries 1 --health-on-failure restart --stop-timeout 0 busybox \
		sh -c 'test -e /first && touch /second; touch /first; sleep 1000' >/dev/null
	[ "$(bivy wait killed)" = 137 ]
	[ "$(bivy wait stopped)" = 5 ]
	wait_for health_is again healthy
}

@test "health: a start-up check goes before, and has its own times" {
	bivy run -d --name web --health-cmd true --health-interval 50ms --health-startup-cmd 'test -e /up' --health-startup-interval 50ms \
		--health-startup-retries 0 busybox sleep 1000 >/dev/null
	wait_for eval '[ "$(health web ".Log|length")" -ge 3 ]'
	health_is web starting
	bivy exec web touch /up
	wait_for health_is web healthy
}

@test "health: a paused container is not checked" {
	bivy run -d --name web --health-cmd true --health-interval 50ms busybox sleep 1000 >/dev/null
	wait_for health_is web healthy
	bivy pause web >/dev/null
	last=$(health web '.Log[-1].Start')
	sleep 0.3
	[ "$(health web '.Log[-1].Start')" = "$last" ]
	bivy unpause web >/dev/null
	wait_for eval '[ "$(health web ".Log[-1].Start")" != "$last" ]'
}
