#!/usr/bin/env bash
# HTTP/2 where the server has it, and HTTP/1.1 alone where the configuration says so. nghttpd speaks
# nothing but HTTP/2 and prints the frames.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/keys.sh
. "$(dirname "$0")/keys.sh"
PATH=$PATH:/usr/sbin
if ! command -v nghttpd >/dev/null; then
	echo "nghttpd is not here"
	exit 77
fi
system_begin
frames=$scratch/frames

# A free port is found by trying: nghttpd does not tell which it was given.
for _ in {1..20}; do
	port=$((20000 + RANDOM % 12000))
	: >"$frames"
	stdbuf -oL nghttpd -v --echo-upload -a 127.0.0.1 "$port" "$estate/server.key" \
		"$estate/server.pem" >"$frames" 2>&1 &
	mock_pid=$!
	wait_for 120 grep -qE 'listen|ould not|rror' "$frames"
	grep -q 'listen' "$frames" && break
	kill "$mock_pid" 2>/dev/null
	wait "$mock_pid"
done

# configure HTTP: cloud-hosting at nghttpd, without an edge; an echo of what was sent is a success.
configure() {
	rm -rf "$scratch/services.d"
	cp -r "$top/conf/services.d" "$scratch"
	sed -i 's/^success = .*/success = {200}/' "$scratch/services.d/cloud-hosting.conf"
	cat >"$conf" <<-CONFIG
		store = "store/store.db"
		spool = "spool"
		services-dir = "services.d"
		runtime-dir = "run"
		user = ""
		sealing-key = "estate/sealing.key"
		trust = "estate/root.pem"
		retry-floor = "100ms"
		retry-ceiling = "200ms"
		site cloud-hosting {
		  endpoint = "https://127.0.0.1:$port"
		  token = "estate/token"
		  ca = "estate/root.pem"
		  http = "$1"
		}
	CONFIG
}

configure 2
for n in {1..24}; do
	record "h$n" --contract "ssl-h$n" --common-name "h$n.example.jp" --item dv-ssl \
		--key rsa-2048 --at 2026-11-02T10:00:00+09:00 --days 8000 \
		--link "cloud-hosting:h$n:h$n.example.jp"
done
run --run-once
check "installed over HTTP/2" "0 24" "$status $(grep -c 'installed on try 1' "$err")"
check "HTTP/2 was agreed upon" 1 "$(grep -c 'negotiated protocol: h2' "$frames" | sed 's/^[1-9][0-9]*$/1/')"
check "a stream each" 24 "$(grep -c 'recv.*:method: PUT' "$frames")"
# A first burst opens a connection each; what comes after it shares them.
check "of no more connections than are wanted at one time" yes \
	"$([ "$(grep -c 'negotiated protocol: h2' "$frames")" -le 8 ] && echo yes)"
check "with a length, and without Expect" "24 0" \
	"$(grep -c 'recv.*content-length: ' "$frames") $(grep -ci 'expect: ' "$frames")"
check "with an idempotency key of its own" 24 \
	"$(grep -o 'idempotency-key: [0-9a-f]*' "$frames" | sort -u | wc -l)"
# nghttpd sends back what it got: the private key must not come to rest with the answer.
check "an echoed key is nowhere in the store" 0 "$(query '.dump' | grep -c 'PRIVATE KEY')"
check "nor in the log" 0 "$(grep -c 'PRIVATE KEY' "$err")"

# What went out over HTTP/2 is in no library's memory any more.
keys_begin
daemon_start
for n in 1 2 3 4; do
	take "r$n" --item dv-ssl --key rsa-2048 --link "cloud-hosting:m$n:r$n.example.jp"
	take "e$n" --item dv-ssl --key ec-p256 --link "cloud-hosting:n$n:e$n.example.jp"
done
holds "the daemon installs over HTTP/2" \
	wait_for 120 sh -c "[ \$(grep -c 'installed on try 1' '$log') -eq 8 ]"
search_memory
daemon_stop

configure 1.1
: >"$frames"
record one --contract ssl-one --common-name one.example.jp --item dv-ssl --key ec-p256 \
	--at 2026-11-02T10:00:00+09:00 --days 8000 --link cloud-hosting:one:one.example.jp
run --run-once --wait 0s
check "http = \"1.1\": HTTP/2 is not spoken" "1 0" \
	"$status $(grep -c 'recv.*:method: PUT' "$frames")"
says "with a server that has nothing else: a temporary failure" 'ssl-one: .*retrying on try 1' "$err"
kill "$mock_pid"
wait "$mock_pid"
mock_start
sed -i "s|^  endpoint = .*|  endpoint = \"https://$(mock_api)\"|" "$conf"
sed -i 's/^success = .*/success = {204}/' "$scratch/services.d/cloud-hosting.conf"
run --run-once
check "and HTTP/1.1 with one that has it" "0 1" "$status $(effects one)"

system_end
