#!/usr/bin/env bash
# A service that accepts connections and never answers takes no more than its own share: the other
# six are done before its first try is over. And a rate limit that is met is kept to.
top_build=${top_builddir:-.}
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../../scripts/common.sh"
# shellcheck source=scripts/scratch.sh
. "$top/scripts/scratch.sh"
set +e

each=60
services=webhg2,docex,gio-ca,cloud-hosting,idgw,waf,waf-group
dead=docex
# The bound in its profile, of the 16 that all have together.
dead_concurrency=8
failures=0
count=0
deaf_pid=

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
	if [ -n "$deaf_pid" ]; then
		kill -KILL "$deaf_pid" 2>/dev/null
		wait "$deaf_pid" 2>/dev/null
	fi
	scratch_end
}

query() {
	sqlite3 -readonly -cmd '.timeout 5000' "$scratch/store/store.db" "$1"
}

# 6 is "installed" in the store's schema, 3 "installing".
installed_of_others() {
	query "SELECT count(*) FROM jobs WHERE state = 6 AND service <> '$dead'"
}

# Or cannot be any more.
others_are_installed() {
	! kill -0 "$daemon_pid" || [ "$(installed_of_others)" -eq $((6 * each)) ]
}

mock_faults() {
	curl -sS --fail --cacert "$estate/root.pem" -X PUT --data "$1" \
		-H "Authorization: Bearer $(cat "$estate/token")" \
		"https://$(mock_api)/control/faults" >/dev/null
}

# A server that the kernel accepts connections for and that is stopped: not even a handshake.
deaf_start() {
	openssl s_server -accept 127.0.0.1:0 -cert "$estate/server.pem" \
		-key "$estate/server.key" </dev/null >"$scratch/deaf.log" 2>&1 &
	deaf_pid=$!
}

# ledger_lines FILTER
ledger_lines() {
	grep -cE "$1" "$scratch/ledger"
}

# begin ARGUMENT…: a mock and a store that know nothing yet.
begin() {
	if [ -n "$mock_pid" ]; then
		kill "$mock_pid"
		wait "$mock_pid"
	fi
	rm -rf "$scratch/ledger" "$scratch/store"
	mkdir -m 700 "$scratch/store"
	mock_start "$@" || exit 99
	write_config 'concurrency = 16' 'retry-floor = "50ms"' 'retry-ceiling = "200ms"'
	sed -i 's/verify-interval = .*/verify-interval = "100ms"/' "$conf"
}

# isolation NAME: the six beside the dead one, which is dead already.
isolation() {
	local status=0 in_flight

	cp "$scratch/records.ndjson" "$spool/.records"
	mv "$spool/.records" "$spool/records.ndjson"
	"$build/certinstalld" --config "$conf" --run-once --ignore-due --wait 2m \
		>"$scratch/out" 2>"$scratch/err" </dev/null &
	daemon_pid=$!
	wait_for 120 others_are_installed
	check "$1: the six are all installed" $((6 * each)) "$(installed_of_others)"
	check "$1: and no try of the dead one is over" 0 "$(query "SELECT count(*)
		FROM attempts JOIN jobs ON jobs.id = job_id WHERE service = '$dead'")"
	in_flight=$(query "SELECT count(*) FROM jobs WHERE state = 3 AND service = '$dead'")
	check "$1: of it, no more than its share is under way" yes \
		"$([ "$in_flight" -ge 1 ] && [ "$in_flight" -le $dead_concurrency ] && echo yes)"
	check "$1: the others were never refused or broken off" $((6 * each)) "$(query "SELECT
		count(*) FROM attempts JOIN jobs ON jobs.id = job_id
		WHERE service <> '$dead' AND kind = 1")"
	# The second time it does not wait for what is under way.
	kill -TERM "$daemon_pid"
	kill -TERM "$daemon_pid"
	kill -INT "$daemon_pid"
	wait "$daemon_pid" || status=$?
	daemon_pid=
	check "$1: the run says that something is left" "1 $each" \
		"$status $(awk -v s=$dead '$1 == s && $2 == "left" { print $3 }' "$scratch/out")"
	echo "$1: $in_flight requests to the dead service while the six were installed"
}

# recovered NAME: the dead one lives again.
recovered() {
	local status=0

	timeout 180 "$build/certinstalld" --config "$conf" --run-once --ignore-due --wait 2m \
		>"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
	check "$1, and alive again: all is installed" "0 $((7 * each))" \
		"$status $(query 'SELECT count(*) FROM jobs WHERE state = 6')"
	check "$1: one effect each" $((7 * each)) "$(ledger_lines '"effect":true')"
}

scratch_begin "$top_build"
trap end EXIT
"$build/tests/tools/make-estate" --out "$estate" records --count $((7 * each)) --keys 2 \
	--services $services --file "$scratch/records.ndjson"

begin
# Longer than the test takes: a try that is over would be one that the six were waited for with.
sed -i "s/^site $dead {/&\n  total-timeout = \"4m\"\n  stall-timeout = \"4m\"/" "$conf"
mock_faults "[{\"service\": \"$dead\", \"fault\": \"stall\"}]"
isolation "it takes requests and never answers"
mock_faults '[]'
recovered "it takes requests and never answers"

begin
deaf_start
wait_for 120 grep -q ^ACCEPT "$scratch/deaf.log" || exit 99
kill -STOP "$deaf_pid"
cp "$conf" "$scratch/whole.conf"
sed -i "/^site $dead {/,/^}/ {
	s/endpoint = .*/endpoint = \"https:\/\/$(awk '/^ACCEPT/ { print $2 }' "$scratch/deaf.log")\"/
	s/token = .*/&\n  connect-timeout = \"4m\"\n  total-timeout = \"4m\"/
}" "$conf"
isolation "it accepts connections and never answers"
cp "$scratch/whole.conf" "$conf"
recovered "it accepts connections and never answers"

begin --waf-rate 20
"$build/tests/tools/make-estate" --out "$estate" records --count $each --keys 2 --services waf \
	--file "$spool/records.ndjson"
status=0
timeout 180 "$build/certinstalld" --config "$conf" --run-once --ignore-due --wait 2m \
	>"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
check "20 a second, and no more: all is installed in the end" "0 $each" \
	"$status $(ledger_lines '"effect":true')"
refused=$(ledger_lines '"status":429')
requests=$(wc -l <"$scratch/ledger")
check "the limit was met" yes "$([ "$refused" -ge 1 ] && echo yes)"
check "less than a fifth of the requests was refused" yes \
	"$([ $((refused * 5)) -lt "$requests" ] && echo yes)"
echo "refused: $refused of $requests"

echo "$count cases, $failures failed"
[ "$failures" -eq 0 ]
