#!/usr/bin/env bash
# Every fault of the mock against every service: what the job becomes, and how many effects the
# service saw; then the same jobs once more without the fault. Prints one table.
top_build=${top_builddir:-.}
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../../scripts/common.sh"
# shellcheck source=scripts/scratch.sh
. "$top/scripts/scratch.sh"
set +e

services="webhg2 docex gio-ca cloud-hosting idgw waf waf-group"
# A run has time-outs of some seconds; what goes on for so long hangs.
hang_seconds=180
# A stall is noticed after once to twice its time-out; the rest is for a machine under load.
try_max_ms=20000
# What an answer may cost is 64 KiB, whatever it unpacks to and however long it goes on.
memory_max_kb=65536

# Fault; what becomes of the job; effects on the service; words in what the job says; and how the
# fault is made: a rule of the mock's script, or @NAME for another endpoint.
faults='
nobody listens|retrying|0|onnect|@nobody
refuse|retrying|0||{"fault": "refuse"}
reset before effect|retrying|0||{"fault": "reset-before"}
reset after effect|retrying|1||{"fault": "reset-after"}
cut|retrying|1||{"fault": "cut"}
garbage|retrying|0||{"fault": "garbage"}
10 GB answer|installed|1||{"fault": "big", "size": 10737418240}
gzip bomb|installed|1||{"fault": "file", "path": "BOMB", "encoding": "gzip"}
slow drip|retrying|1|in time|{"fault": "drip", "delay_ms": 100}
stall|retrying|0|in time|{"fault": "stall"}
redirect|failed|0|redirect|{"fault": "redirect", "location": "https://ELSEWHERE/"}
expired certificate|retrying|0|expired|@expired
wrong name|retrying|0|name|@wrong
unknown CA|retrying|0|certificate|@unknown
TLS 1.0 only|retrying|0|protocol|@tls10
401|failed|0|HTTP 401|{"fault": "status", "status": 401}
409|failed|0|HTTP 409|{"fault": "status", "status": 409}
422|failed|0|HTTP 422|{"fault": "status", "status": 422}
429|retrying|0|HTTP 429|{"fault": "status", "status": 429, "retry_after": "1"}
500|retrying|0|HTTP 500|{"fault": "status", "status": 500}
503|retrying|0|HTTP 503|{"fault": "status", "status": 503, "retry_after": "1"}
'

# exceptional SERVICE FAULT: what becomes of the job and its effects where that differs from the
# rule. The mock's long answers have status 200, where cloud-hosting's profile wants 204.
exceptional() {
	case $1,$2 in
	'cloud-hosting,10 GB answer' | 'cloud-hosting,gzip bomb') echo "failed 1" ;;
	*) return 1 ;;
	esac
}

# Of a service that took an install and is asked later how it stands: the request goes unanswered or
# is answered wrongly for so long, while the install itself had its effect. Where
# the job goes on by itself the certificate is not sent again.
follow_faults='
asked: refuse|verifying|1||{"request": "query", "fault": "refuse"}
asked: reset|verifying|1||{"request": "query", "fault": "reset-before"}
asked: cut|verifying|1||{"request": "query", "fault": "cut"}
asked: garbage|verifying|1||{"request": "query", "fault": "garbage"}
asked: 10 GB answer|verifying|1||{"request": "query", "fault": "big", "size": 10737418240}
asked: stall|verifying|1||{"request": "query", "fault": "stall"}
asked: redirect|verifying|1||{"request": "query", "fault": "redirect", "location": "https://ELSEWHERE/"}
asked: 401|verifying|1||{"request": "query", "fault": "status", "status": 401}
asked: 500|verifying|1||{"request": "query", "fault": "status", "status": 500}
asked: 503|verifying|1||{"request": "query", "fault": "status", "status": 503, "retry_after": "1"}
'

failures=0
count=0
patience=0s
peak_kb=0
others=()

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

end() {
	local pid

	for pid in "${others[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	scratch_end
}

# run ARGUMENT…: a run once: its status in $status ("hang" past all time-outs), the peak of its
# memory over all runs in $peak_kb.
run() {
	local kb

	rm -f "$scratch/measured"
	timeout -s KILL $hang_seconds "$build/tests/tools/measure" "$scratch/measured" \
		"$build/certinstalld" --config "$conf" --run-once --ignore-due "$@" \
		>>"$scratch/out" 2>>"$scratch/err" </dev/null
	status=$?
	[ "$status" -ne 137 ] || status=hang
	kb=$(awk '{ print $4 }' "$scratch/measured" 2>/dev/null)
	[ "${kb:-0}" -le "$peak_kb" ] || peak_kb=$kb
}

# mock_faults JSON: the mock's script from here on.
mock_faults() {
	curl -sS --fail --cacert "$estate/root.pem" -X PUT --data "$1" \
		-H "Authorization: Bearer $(cat "$estate/token")" \
		"https://$(mock_api)/control/faults" >/dev/null
}

# other_mock NAME ARGUMENT…: one more mock; its address in $scratch/NAME.
other_mock() {
	local name=$1

	shift
	"$build/certinstall-mock" --token-file "$estate/token" --client-ca "$estate/root.pem" \
		--ready-file "$scratch/$name.ready" --ledger "$scratch/$name.ledger" "$@" \
		2>>"$scratch/mock.log" &
	others+=($!)
	wait_for 120 test -s "$scratch/$name.ready" || exit 99
	awk '$1 == "api" { print $2 }' "$scratch/$name.ready" >"$scratch/$name"
}

# A server that tells of every connection. Its address in $scratch/elsewhere.
other_listener() {
	openssl s_server -accept 127.0.0.1:0 -cert "$estate/server.pem" \
		-key "$estate/server.key" </dev/zero >"$scratch/elsewhere.log" 2>&1 &
	others+=($!)
	wait_for 120 grep -q ^ACCEPT "$scratch/elsewhere.log" || exit 99
	awk '/^ACCEPT/ { print $2 }' "$scratch/elsewhere.log" >"$scratch/elsewhere"
}

elsewhere_lines() {
	wc -l <"$scratch/elsewhere.log"
}

was_noticed() {
	[ "$(elsewhere_lines)" -gt "$before" ]
}

# jobs_of FQDN: a line for each: service, state, number, milliseconds of its longest request, what
# it says.
jobs_of() {
	sqlite3 -separator $'\t' "$scratch/store/store.db" "SELECT service, CASE state
		WHEN 2 THEN 'scheduled' WHEN 3 THEN 'installing' WHEN 4 THEN 'verifying'
		WHEN 5 THEN 'retrying' WHEN 6 THEN 'installed' WHEN 7 THEN 'failed'
		ELSE 'state' || state END, id, (SELECT max(duration_ms) FROM attempts
			WHERE job_id = jobs.id AND kind = 1), detail
		FROM jobs WHERE fqdn = '$1'"
}

# ledger_of FQDN: a line for each service: its name, requests, effects, different keys.
ledger_of() {
	awk -v fqdn="$1" '
		function field(name) {
			match($0, "\"" name "\":\"[^\"]*\"")
			return substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
		}
		field("fqdn") == fqdn {
			service = field("service")
			tries[service]++
			effects[service] += /"effect":true/
			if (!((service, field("idempotency_key")) in seen))
				keys[service]++
			seen[service, field("idempotency_key")] = 1
		}
		END {
			for (service in tries)
				print service, tries[service], effects[service], keys[service]
		}' "$scratch/ledger"
}

# of SERVICE COLUMN FILE: 0 where there is no such line.
of() {
	awk -F '[ \t]' -v service="$1" -v column="$2" \
		'$1 == service { found = $column } END { print found == "" ? 0 : found }' "$3"
}

# cells NAME BECAME EFFECTS SAYS: after the run with the fault; a row of the table for each service.
cells() {
	local service wanted found took says

	for service in $services; do
		wanted=$(exceptional "$service" "$1") || wanted="$2 $3"
		found="$(of "$service" 2 "$scratch/jobs") $(of "$service" 3 "$scratch/effects")"
		took=$(of "$service" 4 "$scratch/jobs")
		says=$(awk -F '\t' -v service="$service" '$1 == service { print $5 }' "$scratch/jobs")
		check "$service, $1" "$wanted" "$found"
		check "$service, $1: within the time-outs" yes \
			"$([ "${took:-$try_max_ms}" -lt $try_max_ms ] && echo yes)"
		[ -z "$4" ] || check "$service, $1: says so" 1 "$(grep -cE "$4" <<<"$says")"
		printf '%-14s %-20s %-10s %7s %6s %6s  %.80s\n' "$service" "$1" "${found% *}" \
			"${found#* }" "$(of "$service" 2 "$scratch/effects")" "$took" "$says" \
			>>"$scratch/table"
	done
}

# settle NAME FQDN: the same jobs again, by an operator's hand where they failed.
settle() {
	local job service

	awk -F '\t' '$2 == "failed" { print $3 }' "$scratch/jobs" | while read -r job; do
		"$build/certinstallctl" retry --config "$conf" "$job" >/dev/null
	done
	run
	check "$1, and then none: the run" 0 "$status"
	jobs_of "$2" >"$scratch/jobs"
	ledger_of "$2" >"$scratch/effects"
	for service in $services; do
		check "$service, $1, and then none: installed, 1 effect, 1 key" "installed 1 1" \
			"$(of "$service" 2 "$scratch/jobs") $(of "$service" 3 "$scratch/effects") $(
				of "$service" 4 "$scratch/effects")"
	done
}

# one NUMBER NAME BECAME EFFECTS SAYS HOW
one() {
	local fqdn=f$1.example.jp service links=() how=$6

	for service in $services; do
		case $service in
		waf-group) links+=(--link "$service:$service$1:g1:$fqdn") ;;
		*) links+=(--link "$service:$service$1:$fqdn") ;;
		esac
	done
	record "f$1" --contract "ssl000000$1" --item dv-ssl --common-name "$fqdn" --key rsa-2048 \
		"${links[@]}"
	if [ "${how#@}" != "$how" ]; then
		sed "s/$(mock_api)/$(cat "$scratch/${how#@}")/" "$scratch/whole.conf" >"$conf"
	else
		how=${how/BOMB/$scratch/bomb}
		mock_faults "[${how/ELSEWHERE/$(cat "$scratch/elsewhere")}]"
	fi
	run --wait "$patience"
	check "$2: the run ends by itself, and says that something is left" 1 "$status"
	jobs_of "$fqdn" >"$scratch/jobs"
	ledger_of "$fqdn" >"$scratch/effects"
	cells "$2" "$3" "$4" "$5"
	cp "$scratch/whole.conf" "$conf"
	mock_faults '[]'
	settle "$2" "$fqdn"
	[ "$3" != verifying ] || for service in $services; do
		check "$service, $2: asked again, not sent again" 1 \
			"$(of "$service" 2 "$scratch/effects")"
	done
}

# configure: for the mock that runs now.
configure() {
	write_config 'retry-floor = "50ms"' 'retry-ceiling = "200ms"'
	sed -i 's/verify-interval = .*/verify-interval = "100ms"\n  total-timeout = "3s"\n  stall-timeout = "3s"/' "$conf"
	cp "$conf" "$scratch/whole.conf"
}

scratch_begin "$top_build"
trap end EXIT
"$build/tests/tools/make-estate" --out "$estate" server --file expired --common-name localhost \
	--san IP:127.0.0.1 --at 2025-01-01T00:00:00Z --days 30
"$build/tests/tools/make-estate" --out "$estate" server --file wrong --common-name other.example.jp
"$build/tests/tools/make-estate" --out "$scratch/other" ca
# shellcheck disable=SC2119
mock_start || exit 99
other_mock expired --server-cert "$estate/expired.pem" --server-key "$estate/expired.key"
other_mock wrong --server-cert "$estate/wrong.pem" --server-key "$estate/wrong.key"
other_mock unknown --server-cert "$scratch/other/server.pem" \
	--server-key "$scratch/other/server.key"
other_mock tls10 --server-cert "$estate/server.pem" --server-key "$estate/server.key" --tls10-only
other_listener
# Nobody is at port 1.
echo 127.0.0.1:1 >"$scratch/nobody"
# It is within the bound for an answer, and a thousand times as long when it is unpacked.
head -c 60000000 /dev/zero | gzip -9 >"$scratch/bomb"
configure
before=$(elsewhere_lines)

number=10
# all_of FAULTS: a row of the table for each.
all_of() {
	local name became effects says how

	while IFS='|' read -r name became effects says how; do
		[ -n "$name" ] || continue
		one "$number" "$name" "$became" "$effects" "$says" "$how"
		number=$((number + 1))
	done <<<"$1"
}

all_of "$faults"

# The two that take their time, asked often so that the test does not.
kill "$mock_pid"
wait "$mock_pid"
mock_start --async --gio-spread 100ms --idgw-delay 100ms || exit 99
services="gio-ca idgw"
patience=600ms
cp -r "$top/conf/services.d" "$scratch/services.d"
sed -i 's/^follow {/&\n\tinterval = "50ms"\n\tinterval-floor = "10ms"\n\tinterval-ceiling = "100ms"/' \
	"$scratch"/services.d/*.conf
configure
sed -i 's/services-dir = .*/services-dir = "services.d"/' "$scratch/whole.conf"
cp "$scratch/whole.conf" "$conf"
all_of "$follow_faults"

check "nothing went where the redirects pointed" "$before" "$(elsewhere_lines)"
openssl s_client -connect "$(cat "$scratch/elsewhere")" </dev/null >/dev/null 2>&1
wait_for 120 was_noticed
check "which would have been noticed" 0 $?
for name in expired wrong unknown tls10; do
	check "nothing was sent to the server with TLS at fault ($name)" 0 \
		"$(wc -l <"$scratch/$name.ledger")"
done
check "no token in what was printed or kept" 0 "$(
	sqlite3 "$scratch/store/store.db" 'SELECT text, excerpt FROM attempts' |
		cat - "$scratch/out" "$scratch/err" | grep -cF "$(cat "$estate/token")"
)"
check "no private key in it" 0 "$(
	sqlite3 "$scratch/store/store.db" 'SELECT text, excerpt FROM attempts' |
		cat - "$scratch/out" "$scratch/err" | grep -cF 'PRIVATE KEY'
)"
check "no sanitizer has anything to say" 0 \
	"$(cat "$scratch/out" "$scratch/err" "$scratch/mock.log" | grep -cE 'Sanitizer|runtime error')"
if grep -q __asan_init "$build/certinstalld"; then
	echo "memory is not looked at: the sanitizers take their own"
else
	check "memory, of at most $memory_max_kb KiB" yes \
		"$([ "$peak_kb" -gt 0 ] && [ "$peak_kb" -le $memory_max_kb ] && echo yes)"
fi

printf '\n%-14s %-20s %-10s %7s %6s %6s  %s\n' service fault became effects tries ms "what it says"
cat "$scratch/table"
echo "at most $peak_kb KiB; $count cases, $failures failed"
[ "$failures" -eq 0 ]
