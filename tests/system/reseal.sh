#!/usr/bin/env bash
# A change of the sealing key: the old one beside the new, then the new one alone; and neither.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mock_start
head -c 32 /dev/urandom >"$estate/b.key"
head -c 32 /dev/urandom >"$estate/c.key"
chmod 600 "$estate/b.key" "$estate/c.key"

# seal_with PRESENT [OLDER…]
seal_with() {
	local present=$1 older=

	shift
	[ $# -eq 0 ] || older="sealing-keys-old = {$(printf '"estate/%s", ' "$@" | sed 's/, $//')}"
	write_config 'retry-floor = "100ms"' 'retry-ceiling = "200ms"'
	sed -i "s|^sealing-key = .*|sealing-key = \"estate/$present\"\n$older|" "$conf"
}

key_ids() {
	query "select group_concat(key_id || ':' || count, ' ') from (select key_id, count(*) as count from secrets group by key_id)"
}

# Five jobs of which none can be installed yet, sealed with the first key.
seal_with sealing.key
faults '"service":"webhg2","fault":"status","status":503'
for code in s1 s2 s3 s4 s5; do due "$code" "$code"; done
run --run-once --wait 0s
old=$(query 'select distinct key_id from secrets')
check "five keys, sealed with the first" "$old:5" "$(key_ids)"

sent=$(grep -c '"code":"s[1-5]"' "$scratch/ledger")
tries=$(query 'select count(*) from attempts')

# Neither key is there: the jobs go on trying, and say why.
seal_with c.key
control DELETE
run --run-once --wait 1s
check "without the key nothing is sent" "1 $sent" "$status $(grep -c '"code":"s[1-5]"' "$scratch/ledger")"
says "and the log says why" "retrying on try .*sealing" "$err"
says "how to mend it" 'sealing-keys-old' "$err"
check "they stay queued, and sealed as they were" "5 5 5 5 5 $old:5" \
	"$(query "select group_concat(state, ' ') from jobs") $(key_ids)"
check "as faults of our own, which are no attempts of the service" "internal" \
	"$(query "select distinct outcome from attempts where id > $tries")"

# The new key is the present one, the first is an older one: the daemon seals again.
seal_with b.key sealing.key
faults '"service":"webhg2","fault":"status","status":503'
daemon_start
holds "the daemon seals them again" wait_for 120 grep -q '5 keys are now sealed under the present' "$log"
new=$(query 'select distinct key_id from secrets')
check "all with the new key" "$new:5 different" \
	"$(key_ids) $([ "$new" != "$old" ] && echo different)"
daemon_stop

# The first key is taken out, and installs go on.
seal_with b.key
control DELETE
run --run-once
check "with the new key alone all are installed" "0 6 6 6 6 6" \
	"$status $(query "select group_concat(state, ' ') from jobs")"
check "and their keys are gone" "" "$(key_ids)"

# SIGHUP with another key does the same while the daemon runs.
faults '"service":"webhg2","fault":"status","status":503'
daemon_start
due s6 s6
wait_for 120 grep -q 'ssl-s6: .*retrying' "$log"
seal_with c.key b.key
kill -HUP "$daemon_pid"
holds "SIGHUP seals again, too" wait_for 120 grep -q '1 keys are now sealed under the present' "$log"
seal_with c.key
kill -HUP "$daemon_pid"
wait_for 120 sh -c "[ \$(grep -c 'read again' '$log') -eq 2 ]"
control DELETE
holds "and installs go on" wait_for 120 grep -q 'ssl-s6: .*installed' "$log"
daemon_stop

system_end
