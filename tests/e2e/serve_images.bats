# bivy serve: images, as docker's clients list, pull, push, load and remove them.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() {
	serve_setup_file
	command -v docker-registry >/dev/null || return 0
	REGISTRY=localhost:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	printf '%s\n' 'version: 0.1' 'log: { level: error, accesslog: { disabled: true } }' "storage: { filesystem: { rootdirectory: $SCRATCH/registry } }" \
		"http: { addr: '127.0.0.1:${REGISTRY#*:}' }" 'auth: { htpasswd: { realm: here, path: '"$SCRATCH/htpasswd"' } }' >"$SCRATCH/registry.yml"
	htpasswd -Bbn -C 4 anna secret >"$SCRATCH/htpasswd" 2>/dev/null || return 0
	docker-registry serve "$SCRATCH/registry.yml" >"$SCRATCH/registry.log" 2>&1 3>&- &
	echo $! >"$SCRATCH/registry.pid"
	for _ in {1..100}; do
		! (exec 9<>"/dev/tcp/127.0.0.1/${REGISTRY#*:}") 2>/dev/null || break
		sleep 0.05
	done
	export REGISTRY
}

teardown_file() {
	[ ! -e "${SCRATCH:-}/registry.pid" ] || kill "$(<"$SCRATCH/registry.pid")"
	engine_teardown_file
}

setup() { serve_setup; }

@test "list and inspect: members by version" {
	serve
	bivy tag busybox localhost:5000/team/app:1
	body /images/json >list
	[ "$(jq -c '[length, (.[0].RepoTags | sort), .[0].Containers, .[0].SharedSize, .[0].ParentId, .[0].Labels]' list)" = \
		'[1,["busybox:latest","localhost:5000/team/app:1"],-1,-1,"",null]' ]
	[ "$(jq '.[0] | has("VirtualSize")' list)" = false ]
	[ "$(body /v1.41/images/json | jq '.[0] | .VirtualSize == .Size')" = true ]
	[ "$(body '/images/json?filters=%7B%22reference%22:%5B%22*/team/*%22%5D%7D' | jq length)" = 1 ]
	[ "$(body '/images/json?filters=%7B%22dangling%22:%7B%22true%22:true%7D%7D' | jq length)" = 0 ]
	[ "$(status GET '/images/json?filters=%7B%22nonsense%22:%5B%22x%22%5D%7D')" = 400 ]
	[ "$(body /images/localhost:5000/team/app:1/json | jq -c '[.Config.Cmd, .Os, .RootFS.Type, (.Config | has("Hostname"))]')" = '[["sh"],"linux","layers",false]' ]
	[ "$(body /v1.49/images/busybox/json | jq -c '[.Config.Hostname, .Config.Tty]')" = '["",false]' ]
	[ "$(body /images/busybox/history | jq -c '.[0] | [.Id, .Tags[0]]')" = "[\"$(jq -r '.[0].Id' list)\",\"busybox:latest\"]" ]
	[ "$(ask GET /images/nothing/json)" = '{"message":"No such image: nothing:latest"}
404' ]
	bivy rmi localhost:5000/team/app:1
}

@test "tag, remove, prune" {
	serve
	[ "$(status POST '/images/busybox/tag?repo=other&tag=2')" = 201 ]
	[ "$(status POST '/images/busybox/tag?repo=Other')" = 400 ]
	[ "$(status POST '/images/nothing/tag?repo=other')" = 404 ]
	[[ "$(ask DELETE "/images/$(body /images/busybox/json | jq -r .Id)")" == *"must be forced"*409 ]]
	[ "$(ask DELETE /images/other:2)" = '[{"Untagged":"other:2"}]
200' ]
	[ "$(ask DELETE /images/other:2)" = '{"message":"No such image: other:2"}
404' ]
	printf 'FROM busybox\nLABEL a=1\n' | bivy build -q -t other - >id
	bivy tag busybox other
	[ "$(ask POST /images/prune | head -1 | jq -c '.ImagesDeleted')" = "[{\"Deleted\":\"$(<id)\"}]" ]
	[ "$(ask POST /images/prune | head -1 | jq -c '.ImagesDeleted')" = null ]
	bivy rmi other
}

@test "import, save and load are streams" {
	serve
	tar c -C "$BASE_ROOTFS" . >root.tar
	ask POST '/images/create?fromSrc=-&repo=made&tag=1&changes=CMD%20%5B%22x%22%5D&changes=ENV%20a=b' --data-binary @root.tar >answer
	[[ "$(head -1 answer)" == '{"status":"sha256:'*'"}' ]]
	[ "$(body /images/made:1/json | jq -c '[.Config.Cmd, .Config.Env]')" = '[["x"],["a=b"]]' ]
	curl -s --unix-socket "$SOCKET" 'http://d/images/get?names=made:1&names=busybox' >two.tar
	[ "$(tar xOf two.tar manifest.json | jq -c '[.[].RepoTags[0]] | sort')" = '["busybox:latest","made:1"]' ]
	[ "$(ask GET '/images/get?names=busybox&names=nothing')" = '{"message":"No such image: nothing:latest"}
404' ]
	bivy rmi made:1
	ask POST /images/load --data-binary @two.tar >answer
	[[ "$(<answer)" == *'{"stream":"Loaded image: made:1\n"}'*200 ]]
	[ "$(status GET /images/made:1/json)" = 200 ]
	# As docker, who has begun to answer by then: what fails is told in the stream.
	[[ "$(ask POST /images/load --data-binary @answer)" == '{"errorDetail":{"message":"'*'"error":"'*200 ]]
	bivy rmi made:1
}

@test "pull and push tell how far they are; who asks is who the client says" {
	[ -n "${REGISTRY:-}" ] || skip "missing: docker-registry and htpasswd"
	local login
	serve
	login=$(printf '{"username":"anna","password":"secret","serveraddress":"%s"}' "$REGISTRY" | base64 -w0 | tr '+/' '-_')
	bivy tag busybox "$REGISTRY/app:1"
	ask POST "/images/$REGISTRY/app/push?tag=1" -H "X-Registry-Auth: $login" >answer
	[[ "$(head -1 answer)" == "{\"status\":\"The push refers to repository [$REGISTRY/app]\"}" ]]
	[ "$(grep -c '"status":"Pushed","progressDetail":{},"id":"[0-9a-f]\{12\}"' answer)" = 1 ]
	[[ "$(grep '"aux"' answer | jq -r '.aux.Tag + " " + .aux.Digest')" == "1 sha256:"* ]]
	# Without it, the server's own logins are nobody else's.
	[[ "$(ask POST "/images/$REGISTRY/app/push?tag=1")" == *'"errorDetail"'*200 ]] || [[ "$(ask POST "/images/$REGISTRY/app/push?tag=1")" != *200 ]]
	[ "$(status POST "/images/create?fromImage=$REGISTRY/app&tag=1")" != 200 ]
	bivy rmi "$REGISTRY/app:1" >/dev/null
	ask POST "/images/create?fromImage=$REGISTRY/app&tag=1" -H "X-Registry-Auth: $login" >answer
	[ "$(jq -c 'select(.id == "1")' <<<"$(head -1 answer)")" = '{"status":"Pulling from app","id":"1"}' ]
	[[ "$(<answer)" == *"Status: Downloaded newer image for $REGISTRY/app:1"*200 ]]
	[[ "$(ask POST "/images/create?fromImage=$REGISTRY/app&tag=1" -H "X-Registry-Auth: $login")" == *"Status: Image is up to date for $REGISTRY/app:1"*200 ]]
	[ "$(ask POST "/images/create?fromImage=$REGISTRY/app&tag=2" -H "X-Registry-Auth: $login")" = \
		"{\"message\":\"manifest for $REGISTRY/app:2 not found: manifest unknown: manifest unknown\"}
404" ]
	[ "$(ask GET "/distribution/$REGISTRY/app:1/json" -H "X-Registry-Auth: $login" | head -1 | jq -c '.Platforms[0].os')" = '"linux"' ]
	[ "$(ask POST /auth -d "{\"username\":\"anna\",\"password\":\"secret\",\"serveraddress\":\"$REGISTRY\"}" | head -1 | jq -r .Status)" = "Login Succeeded" ]
	[[ "$(ask POST /auth -d "{\"username\":\"anna\",\"password\":\"wrong\",\"serveraddress\":\"$REGISTRY\"}")" == *"does not accept the login of 'anna'"*401 ]]
	bivy rmi "$REGISTRY/app:1"
}

@test "search: the index of a registry, or its catalog" {
	[ -n "${REGISTRY:-}" ] || skip "missing: docker-registry and htpasswd"
	local login port
	serve
	login=$(printf '{"username":"anna","password":"secret","serveraddress":"%s"}' "$REGISTRY" | base64 -w0 | tr '+/' '-_')
	bivy tag busybox "$REGISTRY/found/here:1"
	ask POST "/images/$REGISTRY/found/here/push?tag=1" -H "X-Registry-Auth: $login" >answer
	[ "$(ask GET "/images/search?term=$REGISTRY/D/HE" -H "X-Registry-Auth: $login")" = \
		"[{\"name\":\"$REGISTRY/found/here\",\"description\":\"\",\"star_count\":0,\"is_official\":false,\"is_automated\":false}]
200" ]
	[ "$(ask GET "/images/search?term=$REGISTRY/none" -H "X-Registry-Auth: $login")" = "[]
200" ]
	python3 - <<-'PYTHON' >port &
		import http.server, json
		class Index(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        found = [{"name": "a", "description": self.path, "star_count": 9, "is_official": True}, {"name": "b/a", "star_count": 1}]
		        body = json.dumps({"results": found}).encode()
		        self.send_response(200)
		        self.send_header("Content-Length", str(len(body)))
		        self.end_headers()
		        self.wfile.write(body)
		    def log_message(self, *arguments): pass
		server = http.server.HTTPServer(("127.0.0.1", 0), Index)
		print(server.server_port, flush=True)
		server.serve_forever()
	PYTHON
	TEST_PIDS+=($!)
	until [ -s port ]; do sleep 0.01; done
	port=$(<port)
	[ "$(ask GET "/images/search?term=127.0.0.1:$port/x%26y&limit=7" | head -1 | jq -r '.[] | "\(.name) \(.description) \(.star_count) \(.is_official)"')" = \
		"127.0.0.1:$port/a /v1/search?q=x%26y&n=7 9 true
127.0.0.1:$port/b/a  1 false" ]
	[ "$(ask GET "/images/search?term=127.0.0.1:$port/x&filters=%7B%22stars%22:%5B%225%22%5D%7D" | head -1 | jq -c 'map(.star_count)')" = "[9]" ]
	[ "$(ask GET "/images/search?term=127.0.0.1:$port/x&filters=%7B%22is-official%22:%5B%22false%22%5D%7D" | head -1 | jq -c 'map(.star_count)')" = "[1]" ]
	[ "$(status GET '/images/search?term=x&filters=%7B%22colour%22:%5B%22red%22%5D%7D')" = 400 ]
	[ "$(ask GET '/images/search?term=x&limit=101')" = '{"message":"limit 101 is outside the range of [1, 100]"}
400' ]
	[ "$(status GET /images/search)" = 400 ]
	bivy rmi "$REGISTRY/found/here:1"
}

@test "docker's command line" {
	[ -n "$HAS_DOCKER" ] || skip "missing: docker"
	serve
	docker tag busybox other:3
	[ "$(docker images --format '{{.Repository}}:{{.Tag}}' | sort | tr '\n' ' ')" = "busybox:latest other:3 " ]
	[ "$(docker save other:3 | docker load)" = "Loaded image: other:3" ]
	[ "$(docker history -q busybox)" = "$(docker images -q busybox)" ]
	[ "$(docker rmi other:3)" = "Untagged: other:3" ]
	run -1 docker rmi other:3
	[[ "$output" == *"No such image: other:3" ]]
}
