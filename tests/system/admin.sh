#!/usr/bin/env bash
# The admin socket of the real daemon: what it answers, to whom, what it bears, and certinstallctl
# over it.
# shellcheck source=tests/system/lib.sh
. "${srcdir:-.}/tests/system/lib.sh"

for program in curl promtool jq systemd-socket-activate; do
	if ! command -v "$program" >/dev/null; then
		echo "$program is missing: see test_packages in scripts/common.sh"
		exit 77
	fi
done

system_begin
export CERTINSTALL_LOCALEDIR=$build/src/words
mock_start
chmod 755 "$scratch"
socket=$scratch/run/admin.sock

# ask TARGET [ARGUMENT…]: the body in $scratch/answer, the status in $code.
ask() {
	local target=$1

	shift
	code=$(curl -sS -m 20 -o "$scratch/answer" -w '%{http_code}' --unix-socket "$socket" "$@" \
		"http://daemon$target" 2>"$scratch/curl")
}

# answers NAME CODE TARGET [ARGUMENT…]
answers() {
	local name=$1 wanted=$2

	shift 2
	ask "$@"
	check "$name" "$wanted" "$code"
}

# field FILTER: of the last answer.
field() {
	jq -r "$1" "$scratch/answer"
}

installed() {
	grep -q "$1 .*: installed on" "$log"
}

write_config 'retry-floor = "50ms"' 'spool-poll = "1h"' 'admin-group = "games"' \
	'admin-change-group = "users"'
due one whg1
due two whg2
daemon_start
wait_for 30 installed whg2

# ---- what it answers ----

answers 'healthy' 200 /healthz
check 'and says so' ok "$(field .status)"
answers 'the status' 200 /status
check 'counts jobs' 2 "$(field .states.installed)"
check 'knows how services stand now' flowing "$(field '.services[] | select(.service == "webhg2").live.state')"
answers 'the jobs' 200 '/jobs?service=webhg2&limit=1'
check 'page by page' true "$(field .more)"
answers 'a job' 200 /jobs/1
check 'with what it is' one.example.jp "$(field .fqdn)"
answers 'why' 200 '/why?fqdn=one.example.jp'
check 'tells that it is installed' true "$(field .installed)"
answers 'no such job' 404 /jobs/4711
answers 'no such thing' 404 /nothing
answers 'not to be posted' 405 /status -X POST
answers 'a strange method' 405 /status -X OPTIONS
answers 'a wrong parameter' 400 '/jobs?colour=red'
answers 'too much at once' 400 '/jobs?limit=99999'
ask "/$(printf 'x%.0s' $(seq 5000))"
check 'a target that is too long' 414 "$code"
ask '/%1b%5bred%0a'
check 'what is asked for is not echoed' 0 "$(grep -c red "$scratch/answer")"

answers 'in Japanese' 200 /status -H 'Accept-Language: ja'
check 'sentences are' yes "$(field '.days[0].why' | grep -q '曜' && echo yes)"
check 'but states are not' flowing "$(field '.services[] | select(.service == "webhg2").live.state')"
ask /status
check 'and in English where nothing is said of it' '' "$(field '.days[0].why' | grep '曜')"

# ---- metrics ----

ask /metrics -H 'Accept: text/plain'
cp "$scratch/answer" "$scratch/plain"
promtool check metrics <"$scratch/plain" >"$scratch/promtool" 2>&1
check 'promtool finds nothing wrong with the metrics' '0 ' "$? $(cat "$scratch/promtool")"
check 'tries are counted' 2 \
	"$(sed -n 's/^certinstalld_results_total{service="webhg2",state="installed"} //p' "$scratch/plain")"
type=$(curl -sS --unix-socket "$socket" -o "$scratch/open" -w '%{content_type}' http://daemon/metrics)
check 'OpenMetrics is what comes unasked' \
	'application/openmetrics-text; version=1.0.0; charset=utf-8' "$type"
check 'it ends as it must' '# EOF' "$(tail -n 1 "$scratch/open")"
# Its strict parser reads samples with times alone.
awk '/^#/ { print; next } { print $0, 1700000000 }' "$scratch/open" >"$scratch/timed"
holds 'and is what Prometheus reads as OpenMetrics' \
	promtool tsdb create-blocks-from openmetrics "$scratch/timed" "$scratch/blocks"
for file in "$top/conf/grafana/certinstalld.json" "$top/conf/alerts/certinstalld.rules.yml"; do
	missing=
	for name in $(grep -oE 'certinstalld_[a-z_]+' "$file" | sort -u); do
		# Some have no sample as long as nothing of the kind is there.
		case $name in certinstalld_uninstalled_certificate_end_timestamp_seconds | certinstalld_feed_cursor_age_seconds) continue ;; esac
		grep -q "^$name[ {]" "$scratch/plain" || missing="$missing $name"
	done
	check "each metric that ${file##*/} names is there" '' "$missing"
done

# ---- what it changes ----

answers 'a pause' 200 '/services/webhg2/pause?reason=works' -X POST
check 'by whom' root "$(field .by)"
ask /metrics -H 'Accept: text/plain'
check 'the metrics know it' 'certinstalld_service_paused{service="webhg2"} 1' \
	"$(grep 'service_paused{service="webhg2"' "$scratch/answer")"
due three whg3
mv "$spool/three.json" "$scratch/three.json"
answers 'an import' 200 /import --data-binary "@$scratch/three.json"
check 'is judged' accept "$(field '.records[0].links[0].verdict')"
wait_for 20 grep -q 'whg3 .*: accepted' "$log"
answers 'a resume' 200 /services/webhg2/resume -X POST
# The spool is polled once an hour, and no timer of the pump's is near: what was changed is told.
wait_for 20 installed whg3
check 'is acted on at once' 0 $?
answers 'an import of nothing' 400 /import -X POST
answers 'an import of no record' 400 /import --data-binary '{"contract":'
head -c 2000000 /dev/zero | tr '\0' ' ' >"$scratch/large"
answers 'an import that is too large' 413 /import --data-binary "@$scratch/large" -H 'Expect:'
answers 'no such service' 400 /services/nothing/pause -X POST
answers 'a retry of what is installed' 200 /jobs/1/retry -X POST
check 'says why not' false "$(field '.jobs[0].done')"

# ---- certinstallctl over it ----

run_ctl() {
	"$build/certinstallctl" "$@" --config "$conf" >"$scratch/out" 2>"$scratch/err" </dev/null
}

run_ctl status --json
check 'certinstallctl asks the daemon' true "$(jq .live "$scratch/out")"
run_ctl jobs --json
check 'for the jobs' 3 "$(jq '.jobs | length' "$scratch/out")"
run_ctl show 1
check 'for one' 0 $?
run_ctl why one.example.jp
check 'and why' 0 $?
run_ctl show 4711
check 'what is not there is an error' 1 $?
run_ctl pause docex --yes --reason 'by hand'
says 'it pauses through the daemon' 'docex.*pause' "$log"
run_ctl resume docex
check 'and resumes' 0 $?

# ---- no secret ----

key=$(jq -r .certificate.private_key "$scratch/three.json" | sed -n 2p)
found=0
for target in /status /jobs /jobs/1 /jobs/3 '/why?fqdn=three.example.jp' /metrics; do
	ask "$target"
	found=$((found + $(grep -cF -e "$key" -e 'PRIVATE KEY' "$scratch/answer")))
done
check 'no answer has a private key in it' 0 "$found"
check 'nor has the log' 0 "$(grep -cF -e "$key" "$log")"
check 'the key that was looked for is one' 64 "${#key}"

# ---- who may ----

as() {
	local user=$1 groups=$2

	shift 2
	setpriv --reuid "$user" --regid nogroup --init-groups "$@"
}

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	check 'the socket is the group'"'"'s, and nobody else'"'"'s' 'root:games 660' \
		"$(stat -c '%U:%G %a' "$socket")"
	# An open door, so that the daemon itself is what judges.
	chmod 755 "$scratch/run"
	chmod 666 "$socket"
	# code_as USER GROUP TARGET [ARGUMENT…]
	code_as() {
		local user=$1 group=$2 target=$3

		shift 3
		setpriv --reuid "$user" --regid "$group" --clear-groups curl -sS -m 20 -o /dev/null \
			-w '%{http_code}' --unix-socket "$socket" "$@" "http://daemon$target"
	}
	check 'nobody may not read' 403 "$(code_as nobody nogroup /status)"
	check 'nor learn what there is' 403 "$(code_as nobody nogroup /nothing)"
	check 'nor change' 403 "$(code_as nobody nogroup /services/waf/pause -X POST)"
	check 'the read group may read' 200 "$(code_as nobody games /status)"
	check 'and not change' 403 "$(code_as nobody games /services/waf/pause -X POST)"
	check 'nor hand over records' 403 "$(code_as nobody games /import --data-binary "@$scratch/three.json")"
	check 'one line tells of it, and who' '1 1' "$(grep -c 'admin socket: nobody .* may not' "$log") \
$(grep -c 'admin socket: nobody (uid [0-9]*) may not GET /status$' "$log")"
	check 'the change group may read' 200 "$(code_as nobody users /healthz)"
	check 'and change' 200 "$(code_as nobody users /services/waf/pause -X POST)"
	says 'its name is in the log' 'waf.*nobody' "$log"
	setpriv --reuid nobody --regid nogroup --clear-groups \
		"$build/certinstallctl" status --config "$conf" >"$scratch/out" 2>"$scratch/err" </dev/null
	check 'certinstallctl fails for who may nothing' 3 $?
	says 'and says which group may' 'members of the group games' "$scratch/err"
	chmod 600 "$socket"
	chgrp games "$socket"
	chmod 660 "$socket"
else
	echo "-- not run as root: who may what over the socket is not tested"
fi

# ---- hostile clients, while it works ----

many=$build/tests/tools/many-connections
# Ten that say a little and then nothing: they are cut.
"$many" "$socket" 10 0 'GET /healthz HTT' >"$scratch/slow" 2>&1 &
slow=$!
"$many" "$socket" 3 0 "$(head -c 30000 /dev/urandom | tr -d '\0')" >/dev/null 2>&1
check 'garbage is hung up on' 0 $?
ask /healthz -H "X-Long: $(printf 'x%.0s' $(seq 9000))"
check 'headers without end are refused' 400 "$code"
"$many" "$socket" 1000 32 >/dev/null
check 'a thousand connections are taken or turned away' 0 $?
due four whg4
printf x >"$spool/.wake" && mv "$spool/.wake" "$spool/wake.txt"
wait_for 30 installed whg4
check 'certificates are installed meanwhile' 0 $?
wait_for 30 curl -sf -m 5 --unix-socket "$socket" http://daemon/healthz
check 'and it answers again' 0 $?
wait "$slow"
check 'who is slow is cut' 0 $?

# ---- a faulty configuration ----

cp "$conf" "$scratch/good.conf"
echo 'nonsense = 1' >>"$conf"
kill -HUP "$daemon_pid"
wait_for 10 grep -q 'configuration stays as it was' "$log"
ask /metrics -H 'Accept: text/plain'
says 'a failed reload is told' '^certinstalld_config_last_reload_successful 0$' "$scratch/answer"
cp "$scratch/good.conf" "$conf"

# ---- a stopped loop, the end, and what a dead one leaves ----

cp "$log" "$scratch/first.log"
"$build/certinstalld" --config "$conf" >"$scratch/second.log" 2>&1 </dev/null &
second=$!
wait_for 30 grep -q 'ready:' "$scratch/second.log"
says 'a second daemon does not take the socket' 'no admin socket: .*another process listens' "$scratch/second.log"
kill "$second"
wait "$second"
answers 'and leaves it when it ends' 200 /healthz
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null
daemon_pid=
check 'a killed one leaves it behind' yes "$([ -S "$socket" ] && echo yes)"
run_ctl status --json
check 'certinstallctl then reads the store' false "$(jq .live "$scratch/out")"
daemon_start
answers 'the next one replaces it' 200 /healthz
daemon_stop
check 'a stop is clean' 0 "$status"
check 'and takes it away' '' "$(ls "$scratch/run")"

# ---- systemd's socket ----

systemd-socket-activate --listen "$scratch/handed.sock" --fdname=admin \
	"$build/certinstalld" --config "$conf" >"$scratch/activated.log" 2>&1 </dev/null &
daemon_pid=$!
wait_for 20 test -S "$scratch/handed.sock"
socket=$scratch/handed.sock
answers 'a socket that was handed over' 200 /healthz
says 'is taken' 'one that systemd handed over' "$scratch/activated.log"
check 'and none is made' '' "$(ls "$scratch/run")"
daemon_stop
check 'it stays where it is' yes "$([ -S "$scratch/handed.sock" ] && echo yes)"

# ---- turned off ----

write_config 'admin-socket = ""'
daemon_start
check 'without one there is none' '' "$(ls "$scratch/run")"
daemon_stop

# ---- groups that are not there ----

write_config 'admin-change-group = "no-such-group"'
line=$(grep -n '^admin-change-group' "$conf" | cut -d: -f1)
run --check-config
check 'a group that is not there is wrong' 2 "$status"
says 'with file, line, key and what to do' \
	"$conf:$line: admin-change-group: there is no group no-such-group; create it" "$err"
run --run-once --wait 0s
check 'nothing starts with it' 2 "$status"
says 'and that is told, too' 'no group no-such-group; create it' "$err"
write_config 'admin-group = ""' 'admin-change-group = ""'
run --check-config
check 'none is no error' 0 "$status"

# ---- nobody answers ----

rm -rf "$scratch/store"
run_ctl status
check 'neither daemon nor store' 3 $?
says 'the store is told of' 'no store' "$scratch/err"

system_end
