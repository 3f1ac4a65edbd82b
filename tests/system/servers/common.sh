# shellcheck shell=bash disable=SC2034,SC2154
# What the tests with foreign servers share; sourced. The server comes from the distribution and runs
# in a scratch folder on ports of its own. First curl does what a profile says, so that it is known
# what the server answers; then the daemon does it, with the profile of doc/examples/services.d.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/common.sh"
# shellcheck source=scripts/scratch.sh
. "$top/scripts/scratch.sh"

failures=0
count=0
server_pid=

# check NAME WANTED FOUND
check() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1: wanted '$2', found '$3'"
		failures=$((failures + 1))
	fi
}

finish() {
	if [ "$failures" -ne 0 ] && [ -e "$scratch/summary" ]; then
		cat "$scratch/summary"
	fi
	echo "1..$count"
	[ "$failures" -eq 0 ]
}

# skip REASON: what is wanted is not to be had here.
skip() {
	echo "1..0 # SKIP $1"
	exit 77
}

# servers_begin PACKAGE PROGRAM: the scratch folder, a CA; client and token; the server, installed or
# unpacked.
servers_begin() {
	scratch_begin "$(cd "${top_builddir:-.}" && pwd)"
	trap servers_end EXIT
	token=$(cat "$estate/token")
	PATH=$PATH:/usr/sbin:/sbin
	if ! command -v "$2" >/dev/null && ! unpack "$1"; then
		cat "$scratch/package.log"
		skip "$1 is not to be had"
	fi
}

servers_end() {
	server_stop
	scratch_end
}

server_stop() {
	[ -n "$server_pid" ] || return 0
	kill "$server_pid" 2>/dev/null || true
	wait "$server_pid" 2>/dev/null || true
	server_pid=
}

# server_start PORT COMMAND…: false when it ends before it listens, as when another took its port.
server_start() {
	local port=$1 end=$((SECONDS + 60))

	shift
	"$@" >>"$scratch/server.log" 2>&1 &
	server_pid=$!
	until listens "$port"; do
		kill -0 "$server_pid" 2>/dev/null && [ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
	kill -0 "$server_pid" 2>/dev/null
}

# certificate NAME ARGUMENT…: NAME.pem (leaf, chain) and NAME.key in $scratch, $leaf its fingerprint.
certificate() {
	local name=$1

	shift
	"$build/tests/tools/make-estate" --out "$estate" record --file "$scratch/record.json" \
		--contract ssl00000001 --key ec-p256 "$@"
	sed -n 's/.*"pem":"\([^"]*\)".*/\1/p' "$scratch/record.json" |
		sed 's/\\n/\n/g' >"$scratch/$name.pem"
	sed -n 's/.*"private_key":"\([^"]*\)".*/\1/p' "$scratch/record.json" |
		sed 's/\\n/\n/g' >"$scratch/$name.key"
	leaf=$(pem_fingerprint <"$scratch/$name.pem")
}

pem_fingerprint() {
	{ openssl x509 -noout -fingerprint -sha256 2>/dev/null || true; } |
		sed 's/.*=//; s/://g' | tr 'A-F' 'a-f'
}

# json_text FILE: its content as the inside of a JSON string.
json_text() {
	sed 's/\\/\\\\/g; s/"/\\"/g; s/$/\\n/' "$1" | tr -d '\n'
}

# answer_pem: the answer with its JSON strings as lines, so that a certificate in it can be read.
answer_pem() {
	sed 's/\\n/\n/g; s/"/\n/g' "$scratch/body"
}

# request METHOD PATH [CURL-OPTION…]: the status in $status, the body in $scratch/body.
request() {
	local method=$1 path=$2

	shift 2
	: >"$scratch/body"
	status=$(curl -s -g --http1.1 -m 120 --cacert "$estate/root.pem" --cert "$estate/client.pem" \
		--key "$estate/client.key" -H "Authorization: Bearer $token" -X "$method" \
		-o "$scratch/body" -w '%{http_code}' "$@" "https://$api$path") || true
}

# answer_has REGEX: 1 or 0.
answer_has() {
	grep -Eq "$1" "$scratch/body" && echo 1 || echo 0
}

# edge_serves FQDN: the fingerprint of what is served for that name, its chain complete; else why not.
edge_serves() {
	openssl s_client -connect "$edge" -servername "$1" -verify_hostname "$1" \
		-CAfile "$estate/root.pem" -verify_return_error </dev/null >"$scratch/handshake" 2>&1 ||
		true
	if grep -q 'Verify return code: 0 (ok)' "$scratch/handshake" &&
		grep -q 'BEGIN CERTIFICATE' "$scratch/handshake"; then
		pem_fingerprint <"$scratch/handshake"
	else
		grep -om1 -E 'alert number [0-9]+|Verify return code: .*' "$scratch/handshake" || true
	fi
}

# with_daemon SERVICE: a configuration for the server at $api and $edge, and its profile.
with_daemon() {
	service=$1
	mkdir -p "$scratch/services.d"
	cp "$top/doc/examples/services.d/$service.conf" "$scratch/services.d/"
	cat >"$conf" <<-CONFIG
		store = "store/store.db"
		spool = "spool"
		services-dir = "services.d"
		runtime-dir = "run"
		user = ""
		sealing-key = "estate/sealing.key"
		trust = "estate/root.pem"
		intermediates = "estate/intermediate.pem"
		site $service {
		  endpoint = "https://$api"
		  edge = "$edge"
		  token = "estate/token"
		  ca = "estate/root.pem"
		  client-certificate = "estate/client.pem"
		  client-key = "estate/client.key"
		  verify-interval = "200ms"
		}
	CONFIG
}

# daemon_takes RECORD: the daemon's exit status in $result, what it printed in $scratch/summary.
daemon_takes() {
	cp "$1" "$spool/record.json"
	result=0
	certinstalld --run-once --ignore-due >"$scratch/summary" 2>&1 || result=$?
}

# daemon_installs ARGUMENT…: a new certificate for $fqdn; $leaf is its fingerprint.
revision=0
daemon_installs() {
	revision=$((revision + 1))
	certificate daemon --revision "$revision" --item bring-in --common-name "$fqdn" \
		--link "$service:code-$fqdn:$fqdn" "$@"
	daemon_takes "$scratch/record.json"
}

# daemon_forgets: an empty store.
daemon_forgets() {
	rm -rf "$scratch/store"
	mkdir -m 700 "$scratch/store"
}

# daemon_takes_brainpool [NAME]: a certificate for $fqdn (and NAME) that is good by every rule, of a
# curve that programs in Go do not know.
daemon_takes_brainpool() {
	revision=$((revision + 1))
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:brainpoolP256r1 -nodes \
		-subj "/CN=$fqdn" -keyout "$scratch/brainpool.key" 2>/dev/null |
		openssl x509 -req -CA "$estate/intermediate.pem" -CAkey "$estate/intermediate.key" \
			-set_serial "0x$(openssl rand -hex 8)" -days 90 -extfile <(
				printf 'subjectAltName=DNS:%s%s\n' "$fqdn" "${1:+,DNS:$1}"
			) -out "$scratch/brainpool.pem" 2>/dev/null
	cat "$estate/intermediate.pem" >>"$scratch/brainpool.pem"
	printf '%s' '{"contract":"ssl00000001","state":"active","since":"2026-01-05T09:00:00+09:00",' \
		"\"item\":\"bring-in\",\"common_name\":\"$fqdn\",\"revision\":$revision," \
		"\"certificate\":{\"at\":\"$(TZ=Asia/Tokyo date +%FT%T+09:00)\"," \
		"\"pem\":\"$(json_text "$scratch/brainpool.pem")\"," \
		"\"private_key\":\"$(json_text "$scratch/brainpool.key")\"},\"links\":[{" \
		"\"service\":\"$service\",\"service_code\":\"code-$fqdn\",\"fqdn\":\"$fqdn\"}]}" \
		>"$scratch/record.json"
	daemon_takes "$scratch/record.json"
}

# job: all of the newest job, as JSON. tries: its requests and looks, with what each came to.
job() {
	local number

	number=$("$build/certinstallctl" jobs --config "$conf" --json | grep -o '"job":[0-9]*' |
		cut -d: -f2 | sort -n | tail -n 1)
	"$build/certinstallctl" show --config "$conf" --json "$number"
}

tries() {
	job | grep -o '"kind":"[a-z-]*","outcome":"[a-z-]*"' |
		sed 's/"kind":"//; s/","outcome":"/=/; s/"//' | xargs
}
