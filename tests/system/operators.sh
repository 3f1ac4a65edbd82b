#!/usr/bin/env bash
# What operators read, of the real programs: status and its check, jobs, show and why, on a terminal
# and on a pipe.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
out=$scratch/out
err=$scratch/err

# Wide characters are counted as the locale has them.
export LC_ALL=C.UTF-8
unset NO_COLOR COLUMNS LANGUAGE

# ctl VERB ARGUMENT…: on a pipe.
ctl() {
	local verb=$1

	shift
	"$build/certinstallctl" "$verb" --config "$conf" "$@" >"$out" 2>"$err"
	status=$?
}

# on_terminal COLUMNS VERB ARGUMENT…: on a terminal of that width; its colours stay in $out.colours.
on_terminal() {
	local columns=$1 verb=$2

	shift 2
	TERM=xterm script -qec "stty cols $columns rows 40; \
		$build/certinstallctl $verb --config $conf $*" /dev/null </dev/null |
		tr -d '\r' >"$out.colours"
	status=${PIPESTATUS[0]}
	sed 's/\x1b\[[0-9;]*m//g' "$out.colours" >"$out"
}

# fits NAME COLUMNS: no line of $out is wider.
fits() {
	local widest

	widest=$(wc -L <"$out")
	check "$1" yes "$([ "$widest" -le "$2" ] && echo yes || echo "$widest columns")"
}

# job SERVICE_CODE: its number.
job() {
	query "select id from jobs where service_code = '$1'"
}

counted() {
	[ "$(query "select count(*) from jobs where state in ($1)")" = "$2" ]
}

cat >"$scratch/faults.json" <<'FAULTS'
[{"service": "docex", "from": 1, "to": 1, "fault": "status", "status": 422},
 {"service": "gio-ca", "from": 1, "to": 1000, "fault": "status", "status": 503, "retry_after": "600"}]
FAULTS
mock_start --fault-script "$scratch/faults.json"
write_config

# ---- before anything was done ----

ctl status --check
check "no store: the check knows nothing" 3 "$status"
says "and says so in its one line" '^CERTINSTALLD UNKNOWN: there is no store yet' "$out"
check "and nothing else" "1 0" "$(wc -l <"$out") $(wc -l <"$err")"
ctl status
check "status without a store" 3 "$status"
ctl status --check --overdue many
check "a threshold that is none" 3 "$status"
ctl status --overdue many
check "without --check it is wrong usage" 2 "$status"
ctl why www.example.jp
check "why cannot tell" 3 "$status"

# ---- all is well ----

spool_read() {
	[ "$(query "select count(*) from progress where succeeded_ms > 0")" = 1 ]
}
daemon_start
wait_for 120 spool_read
ctl status --check
check "nothing to complain of" 0 "$status"
says "in one line with its figures" '^CERTINSTALLD OK: 0 due today, 0 tomorrow \| overdue=0;0;10;0 revocation=0;0;10;0 expiring=0;0;100;0 failed=0;0;50;0 retrying=0;50;500;0 set-aside=0;0;100;0 source-age=[0-9]+s;900;3600;0 service-age=0s;3600;14400;0$' "$out"

# ---- something of everything ----

old="--at 2026-03-02T10:00:00+09:00 --days 8000"
# shellcheck disable=SC2086
record a --contract ssl1 --item dv-ssl --common-name www.example.jp --key rsa-2048 $old \
	--link webhg2:w1:www.example.jp --link docex:d1:www.example.jp \
	--link docex:d2:mail.example.jp --link gio-ca:g1:www.example.jp
wait_for 120 counted 6,7,8,5 4
# shellcheck disable=SC2086
record b --contract ssl2 --item dv-ssl --common-name www.example.jp --key ec-p256 $old \
	--link webhg2:w1:www.example.jp
record c --contract ssl3 --item dv-ssl --common-name a-very-long-host-name-of-a-customer.example.jp \
	--key ec-p256 --at "$(instant "$(now_ms)")" --days 90 \
	--link idgw:i1:a-very-long-host-name-of-a-customer.example.jp
wait_for 120 counted 1,2 2

ctl status
check "status" 0 "$status"
says "installed, and when" '^webhg2 +0 +0 +0 +0 +0 +1 +[0-9]+ (s|min) +never +flowing$' "$out"
says "failed" '^docex +0 +0 +0 +0 +1 +0 +never +[0-9]+ (s|min) +flowing$' "$out"
says "late and retrying" '^gio-ca +0 +1 +0 +1 +0 +0 +never +[0-9]+ (s|min) +paused until [0-9-]+ \(...\) [0-9:]+$' "$out"
says "in all" '^Overdue: 1   retrying: 1   failed: 1   held: 1   installed: 1$' "$out"
says "refused" 'refused in 7 days: 1   set aside: 0$' "$out"
says "the spool was read" "^$spool +[0-9]+ (s|min) +never$" "$out"
says "today" "^today +$(TZ=Asia/Tokyo date +%F) " "$out"
check "the daemon says what is live" 0 "$(grep -c unknown "$out")"
check "nothing is coloured on a pipe" 0 "$(grep -c $'\x1b' "$out")"
ctl status --json
says "the same as JSON" '"states":\{"held":1,"scheduled":1,"installing":0,"verifying":0,"retrying":1,"installed":1,"failed":1,"refused":1,' "$out"
ctl status --check
check "a warning" 1 "$status"
says "that names what" '^CERTINSTALLD WARNING: 1 overdue, 1 failed \| overdue=1;0;10;0 ' "$out"
ctl status --check --failed 0:0 --overdue 1
check "critical" 2 "$status"
says "of what is" '^CERTINSTALLD CRITICAL: 1 failed \| overdue=1;1;1;0 ' "$out"
ctl status --check --failed 1:1 --overdue 1:1
check "more is tolerated" 0 "$status"

# ---- on terminals ----

on_terminal 80 status
fits "status fits 80 columns" 80
check "with colours" yes "$(grep -q $'\x1b\\[31m' "$out.colours" && echo yes)"
NO_COLOR=1 on_terminal 80 status
check "without, where they are not wanted" 0 "$(grep -c $'\x1b' "$out.colours")"
on_terminal 80 jobs
check "jobs on a terminal" 0 "$status"
fits "they fit" 80
says "a long name is shortened" ' a-very-long-host-na.*…$' "$out"
on_terminal 200 jobs
says "where there is room it is whole" ' a-very-long-host-name-of-a-customer.example.jp$' "$out"
fits "and fits" 200
on_terminal 80 why a-very-long-host-name-of-a-customer.example.jp
fits "why is folded" 80
check "and its exit status is its own" 1 "$status"
on_terminal 60 show "$(job i1)"
check "show on a small terminal" 0 "$status"

# ---- jobs ----

# ids: of the last answer, in its order, by their service codes.
ids() {
	local id

	for id in $(awk '$1 ~ /^[0-9]+$/ { print $1 }' "$out"); do
		query "select service_code || substr(contract, 4) from jobs where id = $id"
	done | xargs
}

ctl jobs
check "jobs by number" "w11 d11 d21 g11 w12 i13" "$(ids)"
ctl jobs --sort due
check "by the day they are due" "w11 d11 g11 i13 d21 w12" "$(ids)"
ctl jobs --sort service --limit 3
check "by service, the first three" "d11 d21 g11" "$(ids)"
says "and that there are more" '^\.\.\. and more$' "$out"
ctl jobs --state failed,refused --state held
check "in one of several states" "d11 d21 w12" "$(ids)"
ctl jobs --due-before 2026-03-31 --service gio-ca
check "due until a day" "g11" "$(ids)"
ctl jobs --overdue
check "overdue" "g11" "$(ids)"
says "and since when" ', overdue: due since 2026-03-03$' "$out"
says "with the day of the week" ' 2026-03-03 \(Tue\) 09:00 ' "$out"
ctl jobs --sort colour
check "no such order" 2 "$status"
ctl jobs --limit 2 --json
check "as JSON" "2 1" "$(grep -o '"job":' "$out" | wc -l) $(grep -c '"more":true}$' "$out")"

# ---- one job ----

ctl show "$(job g1)"
check "show" 0 "$status"
says "its story" '^  It has been due since 2026-03-03 \(Tue\) 09:00\.$' "$out"
says "the days" '^  2026-03-03 \(Tue\)  open    business day 1 of 1$' "$out"
says "the record" '^  links to gio-ca g1 for www\.example\.jp since ' "$out"
says "the certificate" '^  key rsa-2048, valid from 2026-03-0' "$out"
says "the rules" '^  8 key +pass ' "$out"
says "the tries" ' try 1  push +temporary +HTTP 503 ' "$out"
ctl show "$(query "select id from jobs where service_code = 'w1' and state = 6")"
says "and the handshake" ' try 1  verify +served .* served by 127\.0\.0\.1:' "$out"

# ---- why ----

ctl why WWW.example.jp
check "not everywhere installed" 1 "$status"
says "in all" '^www\.example\.jp is not installed everywhere yet: 1 of 4 links are\.$' "$out"
says "installed" '^  It is installed since .* served by 127\.0\.0\.1:[0-9]+\.$' "$out"
says "retrying" '^  Try 1 did not succeed: HTTP 503' "$out"
says "failed" "\"certinstallctl retry $(job d1)\"" "$out"
says "held" '^  Contract ssl1 has service code w1 of webhg2\.' "$out"
ctl why mail.example.jp
says "refused" '^  It was refused on .*: name-mismatch\.$' "$out"
says "with what to do" '^  To do: link the service to a host name' "$out"
ctl why a-very-long-host-name-of-a-customer.example.jp
says "due" '^  Service idgw installs 4 business days after that: ' "$out"
ctl why ww.example.jp
check "not known" 1 "$status"
says "with a hint" '^  www\.example\.jp$' "$out"
ctl why
check "without a name" 2 "$status"
ctl why 'no name'
check "with none" 2 "$status"
ctl why --json www.example.jp
says "as JSON" '^\{"fqdn":"www\.example\.jp","installed":false,"known":true,' "$out"
# shellcheck disable=SC2086
record d --contract ssl4 --item dv-ssl --common-name fine.example.jp --key ec-p256 $old \
	--link webhg2:w4:fine.example.jp
wait_for 120 counted 6 2
ctl why fine.example.jp
check "installed and served" 0 "$status"
says "everywhere" '^fine\.example\.jp is installed wherever it is linked to\.$' "$out"

# ---- what outlives the daemon ----

daemon_stop
ctl status
says "what is live is not known without it" '^the daemon does not answer: circuits unknown$' "$out"
says "after it has stopped" '^webhg2 +0 +0 +0 +0 +0 +1 +[0-9]+ (s|min) +never +unknown$' "$out"

# A source that cannot be read is told of, with why.
write_config 'feed-url = "https://127.0.0.1:1"' 'feed-token = "estate/token"'
daemon_start
feed_failed() {
	[ "$(query "select count(*) from progress where failed_ms > 0 and name like 'https:%'")" = 1 ]
}
wait_for 120 feed_failed
ctl status
says "a feed that does not answer" '^https://127\.0\.0\.1:1 +never +[0-9]+ (s|min)  .*127\.0\.0\.1' "$out"
ctl status --check
check "a source that was never read is critical" 2 "$status"
says "and named" '^CERTINSTALLD CRITICAL: .*a source was never read' "$out"
daemon_stop

system_end
