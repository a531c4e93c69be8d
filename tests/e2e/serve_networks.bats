# bivy serve: networks, volumes, events, what it all takes, and what docker has and bivy does not.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() { serve_setup_file; }
setup() { serve_setup; }

@test "networks: made, listed, removed" {
	serve
	[ "$(body /networks | jq -c '[.[].Name] | sort')" = '["bridge","host","none"]' ]
	ask POST /networks/create -d '{"Name":"n","CheckDuplicate":true,"Labels":{"a":"b"},"IPAM":{"Config":[{"Subnet":"10.93.0.0/24","Gateway":"10.93.0.7"}]},"Options":null}' >answer
	[ "$(tail -1 answer)" = 201 ]
	[ "$(head -1 answer | jq -r '.Id | length')" = 64 ]
	[ "$(ask POST /networks/create -d '{"Name":"n"}')" = '{"message":"network with name n already exists"}
409' ]
	[ "$(body /networks/n | jq -c '[.IPAM.Config[0].Gateway, .EnableIPv6, .Labels.a, .Containers]')" = '["10.93.0.7",false,"b",{}]' ]
	[ "$(body '/networks?filters=%7B%22label%22:%5B%22a=b%22%5D%7D' | jq -r '.[].Name')" = n ]
	[ "$(ask DELETE /networks/bridge)" = '{"message":"bridge is a pre-defined network and cannot be removed"}
403' ]
	[ "$(ask GET /networks/nothing)" = '{"message":"network nothing not found"}
404' ]
	[ "$(ask POST /networks/create -d '{"Name":"host"}')" = '{"message":"operation is not permitted on predefined host network"}
403' ]
	[ "$(status POST /networks/create -d '{"Name":""}')" = 400 ]
	[ "$(status POST /networks/create -d '{"Name":"x","ConfigOnly":true}')" = 403 ]
	[ "$(ask POST /networks/prune | head -1)" = '{"NetworksDeleted":["n"]}' ]
	[ "$(ask POST /networks/prune | head -1)" = '{"NetworksDeleted":null}' ]
}

@test "networks: containers come and go" {
	serve
	bivy create --name cc busybox sleep 100 >/dev/null
	ask POST /networks/create -d '{"Name":"n"}' >/dev/null
	[ "$(status POST /networks/n/connect -d '{"Container":"cc","EndpointConfig":{"Aliases":["other"]}}')" = 200 ]
	bivy start cc >/dev/null
	[ "$(body /networks/n | jq -r '.Containers[].Name')" = cc ]
	[[ "$(ask DELETE /networks/n)" == *"has active endpoints"*403 ]]
	[ "$(status POST /networks/n/disconnect -d '{"Container":"cc","Force":false}')" = 200 ]
	[ "$(body /networks/n | jq -c .Containers)" = '{}' ]
	[ "$(status POST /networks/n/connect -d '{"Container":"nobody"}')" = 404 ]
	[ "$(status POST /networks/n/connect -d '{}')" = 400 ]
	[ "$(status DELETE /networks/n)" = 204 ]
}

@test "volumes" {
	serve
	[ "$(ask POST /volumes/create -d '{"Name":"vv","Driver":"local","Labels":{"a":"b"},"DriverOpts":null}' | head -1 | jq -c '[.Name, .Labels.a, .Scope, .Options]')" = \
		'["vv","b","local",null]' ]
	[ "$(status POST /volumes/create -d '{"Driver":"other"}')" = 404 ]
	[ "$(body /volumes | jq -c '[.Volumes[].Name, .Warnings]')" = '["vv",null]' ]
	[ "$(ask GET /volumes/nothing)" = '{"message":"get nothing: no such volume"}
404' ]
	bivy create --name cc -v vv:/v busybox true >/dev/null
	[[ "$(ask DELETE /volumes/vv)" == *'remove vv: volume is in use'*409 ]]
	[ "$(body /system/df | jq -c '[.Volumes[0].UsageData.RefCount, .Containers[0].Names[0], .Images[0].Containers]')" = '[1,"/cc",1]' ]
	[ "$(body '/system/df?type=volume' | jq 'has("Images")')" = false ]
	[ "$(body /v1.52/system/df | jq -c '[.VolumeUsage.ActiveCount, .ContainerUsage.TotalCount, (.ImageUsage | has("Items"))]')" = '[1,1,false]' ]
	bivy rm cc >/dev/null
	# One with a name stays, but for clients of before.
	[ "$(ask POST /volumes/prune | head -1 | jq -c .VolumesDeleted)" = '[]' ]
	[ "$(ask POST /v1.41/volumes/prune | head -1 | jq -c .VolumesDeleted)" = '["vv"]' ]
	[ "$(status DELETE '/volumes/vv?force=1')" = 204 ]
}

@test "events: since, until, filters, members by version" {
	local since until
	serve
	since=$(date +%s.%N)
	bivy create --name cc busybox true >/dev/null
	bivy volume create vv >/dev/null
	bivy rm cc >/dev/null
	bivy volume rm vv >/dev/null
	until=$(date +%s.%N)
	body "/events?since=$since&until=$until" >all
	[ "$(jq -r '.Type + " " + .Action' all | tr '\n' ',')" = "container create,volume create,container destroy,volume destroy," ]
	[ "$(head -1 all | jq -c '[.status, .from, .id == .Actor.ID, .scope]')" = '["create","busybox",true,"local"]' ]
	[ "$(jq -c 'select(.Type == "volume") | has("status")' all | sort -u)" = false ]
	[ "$(body "/v1.52/events?since=$since&until=$until" | head -1 | jq 'has("status")')" = false ]
	[ "$(body "/events?since=$since&until=$until&filters=%7B%22type%22:%5B%22volume%22%5D,%22event%22:%7B%22destroy%22:true%7D%7D" | jq -r .Action)" = destroy ]
	[ "$(status GET '/events?since=yesterday')" = 400 ]
	[ "$(status GET '/events?filters=%7B%22nonsense%22:%5B%22x%22%5D%7D')" = 400 ]
	[ "$(curl -s -m 5 -o /dev/null -w '%{content_type}' -H 'Accept: application/json-seq' --unix-socket "$SOCKET" "http://d/v1.52/events?since=$since&until=$until")" = application/json-seq ]
	# As they happen.
	curl -s -N --unix-socket "$SOCKET" http://d/events >live &
	TEST_PIDS+=($!)
	sleep 0.3
	bivy volume create vv >/dev/null
	for _ in {1..100}; do [ ! -s live ] || break; sleep 0.02; done
	[ "$(jq -r .Action live)" = create ]
	bivy volume rm vv >/dev/null
}

@test "what there is not is answered as by a docker without it" {
	local path
	serve
	for path in swarm nodes services tasks secrets configs nodes/x services/x/logs; do
		[[ "$(ask GET "/$path")" == '{"message":"This node is not a swarm manager.'*503 ]]
	done
	[ "$(status POST /swarm/init -d '{}')" = 501 ]
	[ "$(ask GET /plugins)" = '[]
200' ]
	[ "$(ask GET /plugins/a/b/json)" = '{"message":"plugin \"a/b\" not found"}
404' ]
}

@test "docker's command line" {
	[ -n "$HAS_DOCKER" ] || skip "missing: docker"
	serve
	docker network create --label a=b --subnet 10.94.0.0/24 n >/dev/null
	[ "$(docker network ls --filter label=a=b --format '{{.Name}} {{.Driver}} {{.Scope}}')" = "n bridge local" ]
	[ "$(docker network inspect n --format '{{(index .IPAM.Config 0).Subnet}}')" = 10.94.0.0/24 ]
	docker network rm n
	docker volume create vv >/dev/null
	[ "$(docker volume ls -q)" = vv ]
	[ "$(docker volume rm vv)" = vv ]
	docker system df | grep -q '^Images  *1  *0 '
	run -1 docker node ls
	[[ "$output" == *"not a swarm manager"* ]]
	# docker counts in whole seconds: this one is over then.
	[ "$(docker events --since 60s --until $(($(date +%s) + 1)) --filter type=volume --format '{{.Action}}' | tail -2 | tr '\n' ' ')" = "create destroy " ]
}
