# bivy metrics, and /metrics of bivy serve: numbers for Prometheus.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() { serve_setup_file; }
setup() { serve_setup; }

# value SERIES: of the document in the file `metrics`; "" if it is not there.
value() { SERIES=$1 awk '{ at = match($0, / [^ ]*$/) } substr($0, 1, at - 1) == ENVIRON["SERIES"] { print substr($0, at + 1) }' "$WORK/metrics"; }
take() { bivy metrics "$@" >"$WORK/metrics"; }

@test "containers: by state, what each is, and numbers of those that run" {
	bivy run -d --name web -m 64m --cpus 0.5 --pids-limit 50 --label com.docker.compose.project='a"b' busybox sleep 100 >id
	bivy run --name done busybox sh -c 'exit 3' || true
	bivy create --name made busybox >/dev/null
	take
	[ "$(value 'bivy_containers{state="running"}') $(value 'bivy_containers{state="exited"}') $(value 'bivy_containers{state="created"}')" = "1 1 1" ]
	grep -q "^bivy_container_info{name=\"web\",id=\"$(<id)\",image=\"busybox\",image_id=\"sha256:.*\",compose_project=\"a\\\\\"b\",compose_service=\"\"} 1\$" metrics
	[ "$(value 'bivy_container_state{name="done",state="exited"}') $(value 'bivy_container_exit_code{name="done"}')" = "1 3" ]
	[ "$(value 'bivy_container_memory_limit_bytes{name="web"}')" = 67108864 ]
	[ "$(value 'bivy_container_cpu_limit{name="web"}')" = 0.500 ]
	[ "$(value 'bivy_container_pids{name="web"}') $(value 'bivy_container_pids_limit{name="web"}')" = "1 50" ]
	[ "$(value 'bivy_container_memory_usage_bytes{name="web"}')" -gt 0 ]
	[ "$(value 'bivy_container_network_receive_errors_total{name="web",interface="eth0"}')" = 0 ]
	[ "$(value 'bivy_images') $(value 'bivy_disk_usage_bytes{kind="images"}')" = "1 " ]
	awk -v start="$(value 'bivy_container_start_time_seconds{name="web"}')" -v now="$(date +%s)" 'BEGIN { exit !(now - start < 60 && start <= now + 1) }'
	# What does not run uses nothing.
	! grep -q 'cpu_seconds_total{name="\(done\|made\)"' metrics
	take --size
	[ "$(value 'bivy_disk_usage_bytes{kind="images"}')" -gt 100000 ]
}

@test "numbers are those of the kernel, and rise" {
	bivy run -d --name busy busybox sh -c 'dd if=/dev/zero of=/dev/null bs=1k count=200000 2>/dev/null; touch /done; sleep 100' >/dev/null
	until bivy exec busy test -e /done; do sleep 0.05; done
	take
	awk -v user="$(value 'bivy_container_cpu_seconds_total{name="busy",mode="user"}')" -v system_="$(value 'bivy_container_cpu_seconds_total{name="busy",mode="system"}')" \
		'BEGIN { exit !(user + system_ > 0.01 && user + system_ < 60) }'
	[ "$(value 'bivy_container_memory_peak_bytes{name="busy"}')" -ge "$(value 'bivy_container_memory_usage_bytes{name="busy"}')" ] ||
		[ -z "$(value 'bivy_container_memory_peak_bytes{name="busy"}')" ]
	if [ -e /sys/fs/cgroup/cgroup.controllers ] && [ -e /proc/pressure/cpu ]; then
		[ -n "$(value 'bivy_container_pressure_waiting_seconds_total{name="busy",resource="cpu"}')" ]
	fi
	bivy run -d --name again --restart on-failure:2 busybox false >/dev/null
	until [ "$(bivy inspect -f '{{.State.Status}} {{.RestartCount}}' again)" = "exited 2" ]; do sleep 0.05; done
	take
	[ "$(value 'bivy_container_restarts_total{name="again"}')" = 2 ]
}

@test "what a container calls its interface stays a label" {
	bivy run -d --name odd --cap-add NET_ADMIN busybox sh -c 'ip link set eth0 down; ip link set eth0 name "a\"\\$(printf "\377")"; touch /done; sleep 100' >/dev/null
	until bivy exec odd test -e /done; do sleep 0.05; done
	take --format openmetrics
	[ -n "$(value 'bivy_container_network_receive_bytes_total{name="odd",interface="a\"\\'$'\xef\xbf\xbd''"}')" ]
}

@test "pulls and builds are counted by whoever does them" {
	run -1 bivy pull 127.0.0.1:1/none
	printf 'FROM busybox\nRUN true\n' >Dockerfile
	bivy build -q . >/dev/null
	bivy build -q . >/dev/null
	printf 'FROM busybox\nRUN false\n' >Dockerfile
	run -1 bivy build -q .
	take
	[ "$(value 'bivy_pull_duration_seconds_count{result="failure"}') $(value 'bivy_pull_duration_seconds_count{result="success"}')" = "1 0" ]
	[ "$(value 'bivy_build_duration_seconds_count{result="success"}') $(value 'bivy_build_duration_seconds_count{result="failure"}')" = "2 1" ]
	[ "$(value 'bivy_build_duration_seconds_bucket{result="success",le="+Inf"}')" = 2 ]
	[ "$(value 'bivy_build_steps_total{result="cached"}')" -ge 1 ]
	[ "$(value 'bivy_build_steps_total{result="run"}')" = 1 ]
	# What is damaged begins anew.
	echo '{' >"$SCRATCH/root/tally.json"
	take
	[ "$(value 'bivy_build_duration_seconds_count{result="success"}')" = 0 ]
	run -1 bivy pull 127.0.0.1:1/none
	take
	[ "$(value 'bivy_pull_duration_seconds_count{result="failure"}') $(value 'bivy_build_duration_seconds_count{result="success"}')" = "1 0" ]
	rm "$SCRATCH"/root/tally.json "$SCRATCH"/root/tally.lock
}

@test "--output replaces the file as a whole" {
	echo old >out.prom
	ln out.prom other
	bivy metrics --output out.prom
	[ "$(<other)" = old ]
	[ "$(stat -c %a out.prom)" = 644 ] && grep -q '^bivy_build_info{version=".*"} 1$' out.prom
	run -1 bivy metrics -o nowhere/out.prom
	[ "$output" = "bivy: cannot write 'nowhere/out.prom': no such file or directory" ]
	run -125 bivy metrics --format xml
	[[ "$output" == *"expected text or openmetrics"* ]]
}

@test "a server has them at /metrics, in the form that is asked for" {
	bivy run -d --name web busybox sleep 100 >/dev/null
	serve --allow metrics --metrics-listen tcp://127.0.0.1:9417
	curl -s -D head --unix-socket "$SOCKET" http://d/metrics >metrics
	grep -qi $'^content-type: text/plain; version=0.0.4; charset=utf-8\r$' head
	[ "$(value 'bivy_container_state{name="web",state="running"}')" = 1 ]
	curl -s -D head -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1' http://127.0.0.1:9417/metrics >metrics
	grep -qi $'^content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r$' head
	[ "$(tail -1 metrics)" = "# EOF" ] && grep -qx '# UNIT bivy_container_cpu_seconds seconds' metrics
	[ "$(value 'bivy_http_requests_total{code="2xx"}')" = 1 ]
	curl -s 'http://127.0.0.1:9417/metrics?size=true' >metrics
	[ "$(value 'bivy_disk_usage_bytes{kind="images"}')" -gt 100000 ]
	# And nothing else, on neither of them.
	[ "$(curl -s -w '%{http_code}' http://127.0.0.1:9417/containers/json)" = '{"message":"this socket does not allow GET /containers/json"}
403' ]
	[ "$(status GET /info)" = 403 ]
	[ "$(status GET /v1.40/metrics)" = 200 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' -X POST http://127.0.0.1:9417/metrics)" = 404 ]
}

@test "what else may be done is for each socket, whoever answers" {
	serve --metrics-listen tcp://127.0.0.1:9417 --metrics-listen "unix://$WORK/m"
	for _ in 1 2 3; do
		[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9417/metrics)" = 200 ]
		[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9417/containers/json)" = 403 ]
		[ "$(status GET /containers/json) $(status GET /metrics)" = "200 200" ]
		[ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$WORK/m" http://d/info)" = 403 ]
	done
	run -1 bivy serve --listen "unix://$WORK/t" --metrics-listen tcp://0.0.0.0:9418
	[[ "$output" == "bivy-server: cannot listen on 'tcp://0.0.0.0:9418': without TLS metrics are for this host alone"* ]]
	[ ! -e "$WORK/t" ]
	run -1 bivy serve --listen "unix://$WORK/t" --metrics-listen fd://
	[[ "$output" == *"it should be unix://PATH or tcp://HOST:PORT" ]]
	kill "$SERVER"; wait "$SERVER" || true
	[ ! -e "$SOCKET" ] && [ ! -e "$WORK/m" ]
}

@test "others read what is written" {
	require_python
	"$PYTHON" -c 'import prometheus_client' 2>/dev/null || skip "missing: python3-prometheus-client"
	bivy run -d --name web --label com.docker.compose.service=$'a\nb' busybox sh -c 'echo x >/f; sync; sleep 100' >/dev/null
	bivy create --name made busybox >/dev/null
	take --format openmetrics --size
	bivy metrics >text
	"$PYTHON" - <<-'END'
		from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
		from prometheus_client.parser import text_string_to_metric_families as text
		families = {f.name: f for f in openmetrics(open("metrics", newline="").read())}
		info = [s for s in families["bivy_container"].samples if s.labels["name"] == "web"]
		assert info[0].labels["compose_service"] == "a\nb", info
		assert families["bivy_container_cpu_seconds"].type == "counter" and families["bivy_container_cpu_seconds"].unit == "seconds"
		older = {f.name for f in text(open("text").read())}
		assert "bivy_container_cpu_seconds" in older and "bivy_pull_duration_seconds" in older, older
	END
	! type -P promtool >/dev/null || promtool check metrics <text
}
