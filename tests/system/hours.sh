#!/usr/bin/env bash
# Opening hours: what is due out of them waits, and says until when; what can never be is refused.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mock_start

# clock MINUTES: the time of day in Tokyo, so many minutes from now.
clock() {
	TZ=Asia/Tokyo date -d "$1 minutes" +%H:%M
}

# hours FROM UNTIL: webhg2's; without arguments none. docex is open at any time.
# $opens is when it opens.
hours() {
	opens=${1:-}
	write_config 'spool-poll = "200ms"'
	[ $# -eq 0 ] || sed -i "s|^site webhg2 .*|&\n  install-from = \"$1\"\n  install-until = \"$2\"|" "$conf"
}

# ends NAME CODE MINUTES: a record that was due long ago, its certificate ends so many minutes from
# now.
ends() {
	record "$1" --contract "ssl-$2" --common-name "$1.example.jp" --item dv-ssl --key ec-p256 \
		--at "$(instant $(($(now_ms) + 3600000 + 60000 * $3 - 30 * 86400000)))" --days 30 \
		--link "webhg2:$2:$1.example.jp" --link "docex:d$2:$1.example.jp"
}

# state CODE: its job's, which is then in $scratch/job.
state() {
	"$build/certinstallctl" show --config "$conf" --json \
		"$(query "select id from jobs where service_code = '$1'")" >"$scratch/job"
	sed 's/.*"state":"\([a-z]*\)".*/\1/' "$scratch/job"
}

# ---- closed now ----

hours "$(clock 120)" "$(clock 180)"
run --check-config
check "a window that opens is taken" 0 "$status"
ends one h1 14400
begin=$(now_ms)
run --run-once --wait 10m
took=$(($(now_ms) - begin))
check "run-once leaves something" 1 "$status"
check "without waiting for the opening" yes "$([ $took -lt 300000 ] && echo yes || echo "$took ms")"
check "what is due there waits" scheduled "$(state h1)"
check "and used up no attempt" "0|0" \
	"$(query "select attempts, first_attempt_ms from jobs where service_code = 'h1'")"
check "nothing was sent" 0 "$(requests h1)"
says "the log says until when" \
	"webhg2 is outside its hours: what is due there waits until [0-9-]+T$opens:00\+09:00" "$err"
check "another service is open" "installed 1" "$(state dh1) $(effects dh1)"
run --run-once --ignore-due
check "hours are not ignored with due days" "scheduled 0" "$(state h1) $(requests h1)"

# ---- the daemon, and hours that change ----

daemon_start
holds "the daemon says so, too" wait_for 120 grep -q "waits until [0-9-]*T$opens:00+09:00" "$log"
check "once" 1 "$(grep -c 'outside its hours' "$log")"
hours "$(clock -60)" "$(clock 60)"
kill -HUP "$daemon_pid"
installed() {
	[ "$(effects h1)" = 1 ]
}
holds "open now: it is installed" wait_for 120 installed
daemon_stop
check "on its first try" "installed 1" \
	"$(state h1) $(query "select attempts from jobs where service_code = 'h1'")"

# ---- what can never be ----

never() {
	local name=$1 word

	shift
	run --check-config
	check "$name: refused" 2 "$status"
	for word; do
		says "$name: names $word" "certinstalld.conf:[0-9]+.*$word" "$err"
	done
}

hours 09:00 09:00
never "the same time twice" install-from install-until 09:00
hours 09:00 17:00
sed -i '/install-until/d' "$conf"
never "one without the other" install-from install-until
hours 09:00 25:00
never "no time of day" install-until 25:00

fresh
hours "$(clock 120)" "$(clock 180)"
ends two h2 60
run --run-once
check "a certificate that ends before the opening is refused" "1 refused 0" \
	"$status $(state h2) $(requests h2)"
says "with the hours and both instants" \
	"\"outcome\":\"refuse\",\"text\":\"[^\"]*$opens to [^\"]*T$opens:00\+09:00" "$scratch/job"
check "and goes where there are none" "installed 1" "$(state dh2) $(effects dh2)"

# A job that was there before the hours were.
fresh
sites=no
hours
ends three h3 60
run --run-once
check "without an address it waits" scheduled "$(state h3)"
sites=yes
hours "$(clock 120)" "$(clock 180)"
run --run-once
check "with hours for which it ends too early it fails at once, unsent" "failed 0" \
	"$(state h3) $(requests h3)"
says "naming both" \
	"\"detail\":\"given up: [^\"]*$opens to [^\"]*T$opens:00\+09:00, and the certificate ends before that" \
	"$scratch/job"
check "one that lives longer waits" "scheduled" "$(fresh; ends four h4 14400; run --run-once; state h4)"

system_end
