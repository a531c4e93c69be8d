#!/usr/bin/env bats
# A clock that jumps. The host's is nobody's to set here: records have times of the past and of the future instead, and which
# clock timers are on is seen in what the supervisor asks the kernel for.
load ../lib/common
load ../lib/engine
load ../lib/faults

# dated YEAR: all records have been written then.
dated() {
	sed -i -E "s/\"(StartedAt|FinishedAt|Created|created|CreatedAt)\":\"20[0-9][0-9]/\"\1\":\"$1/g" "$SCRATCH"/root/containers/*/*.json \
		"$SCRATCH"/run/containers/*/state.json "$SCRATCH"/root/volumes/*/volume.json "$SCRATCH"/root/networks/*/network.json 2>/dev/null || :
	sed -i -E 's/"timeNano":[0-9]+/"timeNano":'"$2"'/; s/"time":[0-9]+/"time":'"${2%?????????}"'/' "$SCRATCH/run/events"
}

@test "records of the future, and of long ago: no time is negative, and prune takes what is old" {
	bivy volume create kept >/dev/null
	bivy network create old >/dev/null
	bivy run -d --name live --health-cmd true --health-interval 50ms busybox sh -c 'echo said; sleep 1000' >/dev/null
	bivy run --name ended busybox true
	for year in 2035 2012; do
		dated $year $(((year - 1970) * 31556952))000000000
		for line in "ps -a" "ps -a --format json" "volume ls" "network ls" "images" "system df -v" "events --since 1h --until 0s"; do
			told 0 $line
			if grep -E -- '(^|[^0-9A-Za-z.:_T-])-[0-9]' stdout; then return 1; fi
		done
		told 0 stats --no-stream live
		told 0 top live
		[ "$(bivy logs --since 1h live)" = said ]
		[ "$(bivy ps --filter name=live --format '{{.State}}')" = running ]
		told 0 exec live true
		bivy container prune -f --filter until=24h >/dev/null
		bivy network prune -f --filter until=24h >/dev/null
		# Only what was there long ago.
		[ "$(bivy ps -aq --filter name=ended | wc -l)" -eq $((year > 2020)) ]
		[ "$(bivy network ls -q --filter name=old | wc -l)" -eq $((year > 2020)) ]
	done
	told 0 stop -t 0 live
	told 0 start live
	bivy rm -f live >/dev/null
	bivy volume rm kept >/dev/null
	whole
}

@test "a start after the clock was set back counts, and so does its end" {
	bivy run --name set busybox sh -c 'exit 3' || [ $? -eq 3 ]
	id=$(bivy inspect -f '{{.Id}}' set)
	dated 2035 2051222400000000000
	[ "$(bivy inspect -f '{{.State.ExitCode}}' set)" = 3 ]
	told 0 start set
	[ "$(bivy wait set)" = 3 ]
	[[ $(bivy inspect -f '{{.State.FinishedAt}}' set) != 2035* ]]
	bivy rm set >/dev/null
}

@test "the supervisor's timers are on the clock that nobody sets" {
	command -v strace >/dev/null || skip "missing: strace"
	bivy run -d --name live --health-cmd true --health-interval 100ms --restart always busybox sh -c 'trap "" TERM; sleep 0.3; sleep 1000 & wait' >/dev/null
	timeout 2 strace -f -o trace -p "$(bivy inspect -f '{{.State.SupervisorPid}}' live)" \
		-e trace=timerfd_create,timerfd_settime,timer_create,clock_nanosleep,setitimer,poll,ppoll,epoll_wait 2>/dev/null &
	tracer=$!
	own_pid $tracer
	sleep 0.4
	bivy stop -t 1 live >/dev/null
	kill $tracer 2>/dev/null || :
	wait $tracer || :
	# What is waited for is a span, not a time of the day.
	grep -q 'poll' trace
	! grep -E 'CLOCK_REALTIME|ITIMER_REAL|TIMER_ABSTIME' trace
	bivy rm -f live >/dev/null
}
