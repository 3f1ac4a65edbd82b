#!/usr/bin/env bash
# certinstallctl jobs, show and retry, on a store that a run once left.
# shellcheck source=scripts/common.sh
. "${srcdir:-.}/scripts/common.sh"
# shellcheck source=scripts/scratch.sh
. "$top/scripts/scratch.sh"
set +e

count=0
failures=0
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

ctl() {
	local verb=$1

	shift
	"$build/certinstallctl" "$verb" --config "$conf" "$@" >"$scratch/out" 2>"$scratch/err"
	status=$?
}

scratch_begin "${top_builddir:-.}"
trap scratch_end EXIT
cat >"$scratch/faults.json" <<'FAULTS'
[{"service": "webhg2", "from": 1, "to": 1, "fault": "status", "status": 422}]
FAULTS
mock_start --fault-script "$scratch/faults.json"
write_config
ctl jobs
check "no store yet" 3 $status
record a --contract c1 --item dv-ssl --common-name www.example.jp --key ec-p256 \
	--link webhg2:w1:www.example.jp --link docex:d1:mail.example.jp
certinstalld --run-once --ignore-due >/dev/null 2>&1
check "the run once says that something failed" 1 $?

ctl jobs
check "jobs" 0 $status
check "one failed, one refused" "failed refused" \
	"$(awk 'NR > 1 { print $2 }' "$scratch/out" | sort | xargs)"
ctl jobs --state failed --json
check "jobs by state, as JSON" '1 "failed"' \
	"$(grep -o '"state"' "$scratch/out" | wc -l) $(grep -o '"state":"[a-z]*"' "$scratch/out" | cut -d: -f2)"
job=$(sed 's/.*"job":\([0-9]*\).*/\1/' "$scratch/out")
ctl jobs --state broken
check "an unknown state is wrong usage" 2 $status
ctl show "$job"
check "show tells the rules" 1 "$(grep -c '^  8 key  *pass' "$scratch/out")"
check "show tells the try" 1 "$(grep -c 'try 1  push      permanent   HTTP 422' "$scratch/out")"
ctl show --json "$job"
check "show as JSON" '"outcome":"permanent","status":422' \
	"$(grep -o '"outcome":"permanent","status":422' "$scratch/out")"
ctl show 4711
check "show of no job" 1 $status
ctl show $'x\e[31m'
check "show of no number" "2 0" "$status $(grep -c $'\e' "$scratch/err")"
ctl retry 4711
check "retry of no job" "certinstallctl retry: job 4711: there is no such job" \
	"$(cat "$scratch/err")"
ctl retry "$job"
check "retry of a failed job" 0 $status
certinstalld --run-once --ignore-due --service webhg2 >/dev/null 2>&1
check "and it goes" 0 $?
check "as the edge shows" \
	"$(sqlite3 "$scratch/store/store.db" 'select lower(hex(fingerprint)) from certificates')" \
	"$(served webhg2 www.example.jp)"
ctl retry "$job"
check "an installed job is not retried" 1 $status

echo "$count cases, $failures failed"
[ $failures -eq 0 ]
