#!/usr/bin/env bash
# A clock that steps a day forth and back while jobs are scheduled, in flight, pending and retried:
# nothing is sent before its due instant by the clock then shown, nothing is lost or installed twice,
# and what waits for an instant of a clock that was wrong comes back soon. The monotonic clock goes
# on, as the kernel's does.
# shellcheck disable=SC2034,SC2119,SC2154
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

faketime=$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
if [ -z "$faketime" ]; then
	echo "SKIPPED: clocks.sh: libfaketime is not installed (package faketime)"
	exit 77
fi

# ---- the daemon's clock ----

day=86400000

# shows INSTANT: from now on the daemon's clock shows INSTANT, in milliseconds since 1970.
shows() {
	local real

	real=$(now_ms)
	offset=$(($1 - real))
	printf '%s%d.%03d\n' "$([ $offset -lt 0 ] && echo - || echo +)" \
		$((${offset#-} / 1000)) $((${offset#-} % 1000)) >"$scratch/.clock"
	mv "$scratch/.clock" "$scratch/clock"
	echo "$real $offset" >>"$scratch/steps"
}

# step DAYS: from what it shows.
step() {
	shows $(($(now_ms) + offset + $1 * day))
}

# fake_start: the daemon under that clock.
fake_start() {
	log=$scratch/daemon.log
	: >"$log"
	LD_PRELOAD=$faketime FAKETIME_TIMESTAMP_FILE=$scratch/clock FAKETIME_NO_CACHE=1 \
		FAKETIME_DONT_FAKE_MONOTONIC=1 "$build/certinstalld" --config "$conf" \
		2>>"$log" </dev/null &
	daemon_pid=$!
	wait_for 120 grep -q 'ready:' "$log" || cat "$log"
}

# ---- the cases' words ----

declare -A due_of # service code -> its due instant

# new CODE BASE ARGUMENT…: a record issued at the instant BASE, linked to webhg2 or what $service
# says.
new() {
	local code=$1 base

	base=$(instant "$2")
	shift 2
	due_of[$code]=$(($(date -d "$("$build/certinstallctl" due --service "${service:-webhg2}" \
		"$base")" +%s) * 1000))
	record "$code" --contract "ssl-$code" --common-name "$code.example.jp" --item dv-ssl \
		--at "$base" --days 300 --link "${service:-webhg2}:$code:$code.example.jp" "$@"
}

# passes N: the daemon has looked into spool and store so many times more, and so at its clock.
looks() {
	local end=$(($(now_ms) + $1 * 300 + 300))

	until [ "$(now_ms)" -ge "$end" ]; do
		sleep 0.05
	done
}

state_is() {
	[ "$(query_now "SELECT state FROM jobs WHERE service_code = '$1'")" = "$2" ]
}

query_now() {
	sqlite3 -readonly "$scratch/store/store.db" "$1" 2>/dev/null
}

installed() {
	state_is "$1" 6
}

is_leased() {
	[ "$(query_now "SELECT lease_token IS NOT NULL FROM jobs WHERE service_code = '$1'")" = 1 ]
}

sent() {
	[ "$(requests "$1")" -ge 1 ]
}

system_begin
cp -r "$top/conf/services.d" "$scratch/services.d"
sed -i 's/^follow {/&\n\tinterval = "200ms"\n\tinterval-floor = "100ms"/' \
	"$scratch/services.d/gio-ca.conf"
mock_start --async --gio-spread 4s
site_lines='  total-timeout = "3s"
  stall-timeout = "3s"
  connect-timeout = "1s"
  verify-timeout = "500ms"
  verify-grace = "5s"'
write_config 'lease = "4s"' 'retry-floor = "100ms"' 'retry-ceiling = "1s"' 'spool-poll = "300ms"'
sed -i "s|^services-dir.*|services-dir = \"$scratch/services.d\"|
	s|^  verify-interval.*|  verify-interval = \"100ms\"|" "$conf"

# A due instant some days ahead of the real clock, since certificates are valid from today on; and
# the next one after it.
base=$(($(now_ms) + 3 * day))
due=$(($(date -d "$("$build/certinstallctl" due --service webhg2 "$(instant $base)")" +%s) * 1000))
next_due=$(($(date -d "$("$build/certinstallctl" due --service webhg2 "$(instant "$due")")" +%s) * 1000))
base=$((due - 15 * 3600000))

# ---- scheduled jobs ----

shows $((due - 3600000))
fake_start
new a1 $base
new a2 "$due"
holds "both are scheduled" wait_for 120 eval 'state_is a1 2 && state_is a2 2'
check "for the instants that the rules give" "$due|$next_due" \
	"$(query_now 'SELECT group_concat(due_ms, "|") FROM (SELECT due_ms FROM jobs ORDER BY due_ms)')"
step -1
looks 3
check "a day back: nothing is sent" 0 "$(wc -l <"$scratch/ledger")"
shows $((due - 2000))
holds "when the clock comes to the due instant, it is installed" wait_for 120 installed a1
check "and nothing else is" 1 "$(wc -l <"$scratch/ledger")"
step -1
looks 3
check "a day back: it is not sent again" 1 "$(wc -l <"$scratch/ledger")"
shows $((next_due + 60000))
holds "forth: the second is due and installed" wait_for 120 installed a2

# ---- what waits under a clock that is ahead ----

# Right is the day on which the first was due; the clock is a day ahead.
shows $((due + 3600000))
step 1
faults '"service":"webhg2","fault":"status","status":503'
new b1 $base
holds "tries fail while the clock is a day ahead" wait_for 120 state_is b1 5
# So that none succeeds before the clock is set right.
kill -STOP "$daemon_pid"
control DELETE
step -1
kill -CONT "$daemon_pid"
holds "set right, it is tried again soon" wait_for 120 installed b1

step 1
service=gio-ca new b2 $base
holds "a service accepts while the clock is a day ahead" wait_for 120 state_is b2 4
step -1
holds "set right, it is asked and installed soon" wait_for 120 installed b2

# The same across a kill: only the store knows.
step 1
faults '"service":"webhg2","from":1,"to":100,"fault":"status","status":503'
new b3 $base
holds "tries fail while the clock is a day ahead" wait_for 120 state_is b3 5
daemon_stop KILL
step -1
control DELETE
fake_start
holds "set right while the daemon was down, it is tried soon" wait_for 120 installed b3

# ---- in flight ----

faults '"service":"webhg2","from":1,"to":1,"fault":"delay","delay_ms":1500'
new c1 $base
holds "one is in flight" wait_for 120 sent c1
step 1
holds "the clock steps a day forth: it is installed" wait_for 120 installed c1
step -1
faults '"service":"webhg2","from":1,"to":1,"fault":"delay","delay_ms":1500'
new c2 $base
holds "another is in flight" wait_for 120 sent c2
step -1
holds "the clock steps a day back: it is installed" wait_for 120 installed c2
step 1
control DELETE

# Back and forth, while records arrive.
for i in 1 2 3 4 5 6; do
	new "d$i" $base
	step $((i % 2 * 2 - 1))
	looks 0
done
all_installed() {
	[ "$(query_now "SELECT count(*) FROM jobs WHERE state = 6 AND service_code LIKE 'd%'")" = 6 ]
}
holds "records that arrive while it steps back and forth are installed" wait_for 120 all_installed
daemon_stop
check "the daemon's exit status" 0 "$status"

# ---- over all ----

check "nothing is left" 0 "$(query_now 'SELECT count(*) FROM jobs WHERE settled_ms = 0')"
check "nothing is lost" "${#due_of[@]} ${#due_of[@]}" \
	"$(query_now 'SELECT (SELECT count(*) FROM contracts), count(*) FROM jobs WHERE state = 6' |
		tr '|' ' ')"
check "each effect once" "${#due_of[@]} 0" "$(grep '"effect":true' "$scratch/ledger" |
	grep -o '"code":"[^"]*"' | sort | tee "$scratch/codes" | uniq | wc -l) $(uniq -d "$scratch/codes" | wc -l)"

# too_early: pushes that came before their due instant by what the clock showed then. The ledger has
# the real time at which a push had come whole, some time after it was begun; so at a step either
# clock may have been looked at.
for code in "${!due_of[@]}"; do
	echo "$code ${due_of[$code]}"
done >"$scratch/due"
sed -n 's/.*"t":\([0-9]*\),.*"code":"\([^"]*\)".*/\1 \2/p' "$scratch/ledger" >"$scratch/pushes"
too_early() {
	awk -v slack=5000 'FILENAME ~ /due$/ { due[$1] = $2; next }
		FILENAME ~ /steps$/ { at[++n] = $1; offset[n] = $2; next }
		{
			early = 1
			for (i = 1; i <= n; i++)
				if (at[i] <= $1 && (i == n || at[i + 1] + slack > $1) &&
					$1 + offset[i] >= due[$2])
					early = 0
			if (early) print
		}' "$scratch/due" "$scratch/steps" "$scratch/pushes"
}
check "nothing was sent before its due instant by the clock then shown" "" "$(too_early)"
check "of the pushes, all were looked at" "$(wc -l <"$scratch/ledger")" "$(wc -l <"$scratch/pushes")"
echo "# $(wc -l <"$scratch/steps") settings of the clock, $(wc -l <"$scratch/ledger") pushes"
system_end
