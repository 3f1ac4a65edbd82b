#!/usr/bin/env bash
# When a run once ends, and what it says is left: over services that fail, hang, or are gone.
top_build=${top_builddir:-.}
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../../scripts/common.sh"
# shellcheck source=scripts/scratch.sh
. "$top/scripts/scratch.sh"
failures=0
count=0

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

# run ARGUMENT…: a run once of at most two minutes; its status in $status, what it printed in $scratch/out.
run() {
	status=0
	timeout 120 "$build/certinstalld" --config "$conf" --run-once "$@" \
		>"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
}

# tally SERVICE OUTCOME: its number in the summary.
tally() {
	awk -v service="$1" -v outcome="$2" '$1 == service && $2 == outcome { print $3 }' "$scratch/out"
}

# faults JSON: a script for the mock, at run time.
faults() {
	curl -sS --fail --cacert "$estate/root.pem" -X PUT --data "$1" \
		-H "Authorization: Bearer $(cat "$estate/token")" \
		"https://$(mock_api)/control/faults" >/dev/null
}

scratch_begin "$top_build"
trap scratch_end EXIT
mock_start
write_config 'retry-floor = "50ms"' 'retry-ceiling = "200ms"'
sed -i 's/verify-interval = .*/&\n  total-timeout = "1s"\n  stall-timeout = "1s"/' "$conf"

links=()
for i in $(seq 10 33); do
	links+=(--link "webhg2:whg000000$i:www.example.jp")
done
record many --contract ssl00000001 --item dv-ssl --common-name www.example.jp --key ec-p256 \
	"${links[@]}"

# With so many jobs one is in flight at any time; the run ends all the same.
faults '[{"service": "webhg2", "fault": "stall"}]'
run --ignore-due --wait 1s
check "a service that hangs: something is left" 1 "$status"
check "all of it" 24 "$(tally webhg2 left)"
tried=$(sqlite3 "$scratch/store/store.db" 'SELECT count(DISTINCT job_id) FROM attempts')
check "not each was tried on a service that is taken for dead" yes \
	"$([ "$tried" -ge 4 ] && [ "$tried" -lt 24 ] && echo yes)"

faults '[{"service": "webhg2", "fault": "status", "status": 503}]'
run --ignore-due --wait 0s
check "a service that fails: something is left" 1 "$status"
check "all of it" 24 "$(tally webhg2 left)"

faults '[]'
run --ignore-due
check "the service works again" 0 "$status"
check "all is installed" 24 "$(tally webhg2 installed)"

# What has nowhere to go would not be installed.
record nowhere --contract ssl00000003 --item dv-ssl --common-name www.example.jp --key ec-p256 \
	--link docex:dox00000002:www.example.jp
cp "$conf" "$scratch/whole.conf"
sed -i '/^site docex/,/^}/d' "$conf"
run --dry-run --ignore-due
check "no endpoint: a dry run says so" "1 1" "$status $(grep -c 'has no endpoint' "$scratch/out")"
cp "$scratch/whole.conf" "$conf"
run --dry-run --ignore-due
check "with one it would be installed" "0 1" \
	"$status $(grep -c '^docex  *to install  *1$' "$scratch/out")"
rm "$spool/nowhere.json"

# A job of a service that the configuration does not have any more is not forgotten.
record gone --contract ssl00000002 --item dv-ssl --common-name www.example.jp --key ec-p256 \
	--link docex:dox00000001:www.example.jp
run
check "not due yet is no reason to fail" "0 1" \
	"$status $(grep -c '^docex  *not yet due  *1$' "$scratch/out")"
sqlite3 "$scratch/store/store.db" "UPDATE jobs SET service = 'gone', due_ms = 1
	WHERE service = 'docex'"
run
check "a job of an unknown service is left" "1 1" "$status $(tally gone left)"
check "and told" 1 "$(grep -c 'wait for service gone' "$scratch/err")"

[ "$failures" -eq 0 ]
