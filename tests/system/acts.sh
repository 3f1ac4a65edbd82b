#!/usr/bin/env bash
# What operators change with certinstallctl, beside a daemon and without one.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mock_start
write_config 'retry-floor = "100ms"' 'retry-ceiling = "200ms"' 'spool-poll = "1s"'
out=$scratch/out
err=$scratch/err

# ctl VERB ARGUMENT…: $status, $out, $err; nobody is there to be asked.
ctl() {
	local verb=$1

	shift
	"$build/certinstallctl" "$verb" --config "$conf" "$@" >"$out" 2>"$err" </dev/null
	status=$?
}

# asked ANSWER VERB ARGUMENT…: the same on a terminal, where ANSWER is typed.
asked() {
	local answer=$1 verb=$2

	shift 2
	printf '%s\n' "$answer" | script -qec \
		"'$build/certinstallctl' $verb --config '$conf' $*" /dev/null >"$out" 2>"$err"
	status=$?
}

in_log() {
	wait_for 120 grep -qE -- "$1" "$log"
}

# job CODE: the number of the job of a service code; state CODE: its state's number in the store.
job() {
	query "select id from jobs where service_code = '$1' order by id desc limit 1"
}

state() {
	query "select case state when 1 then 'held' when 2 then 'scheduled' when 6 then 'installed'
		when 7 then 'failed' when 10 then 'cancelled' else state end
		from jobs where service_code = '$1' order by id desc limit 1"
}

is_state() {
	[ "$(state "$1")" = "$2" ]
}

# ---- without a store ----

ctl retry 1
check "no store" 3 "$status"
ctl jobs
check "the same of a verb that only looks" 3 "$status"

# ---- pause, with a daemon ----

daemon_start
asked n pause webhg2
says "it asks on a terminal" '\[y/N\]' "$out"
check "no is no" "1 0" "$status $(query "select count(*) from pauses")"
ctl pause webhg2
check "without a terminal it wants --yes" "2 0" "$status $(query "select count(*) from pauses")"
says "and says so" '[-][-]yes' "$err"
ctl pause webgh2 --yes
check "no such service" 2 "$status"
says "it names those that there are" 'there is no service "webgh2"; there are .*webhg2' "$err"
asked y pause webhg2 --reason maintenance
check "yes is yes" "0 1" "$status $(query "select count(*) from pauses")"
due one a1
holds "what is due waits" in_log 'service webhg2 is paused by an operator'
check "nothing was sent" "0 scheduled" "$(requests a1) $(state a1)"
run --run-once --service webhg2
check "a run beside it sends nothing, and says what is left" "1 0" "$status $(requests a1)"
says "and who paused it" "^webhg2: paused by $(id -un) since 20.*: maintenance$" "$out"
daemon_stop
daemon_start
holds "a restart changes nothing" in_log 'service webhg2 is paused by an operator'
ctl resume webhg2
check "resume asks nobody" 0 "$status"
says "it says what waited" '1 jobs? that' "$out"
holds "it goes on within the next poll" wait_for 120 is_state a1 installed
check "with one try" "1 0" "$(requests a1) $(repeated a1)"

# ---- cancel ----

ctl pause webhg2 --yes
record .two --contract ssl-b1 --common-name two.example.jp --item dv-ssl --key ec-p256 \
	--at 2026-11-02T10:00:00+09:00 --days 8000 --link webhg2:b1:two.example.jp --revision 1
cp "$spool/.two.json" "$scratch/two.json"
mv "$spool/.two.json" "$spool/two.json"
holds "a job that waits" wait_for 120 is_state b1 scheduled
b1=$(job b1)
ctl cancel "$b1"
check "it wants --yes" "2 scheduled" "$status $(state b1)"
says "it names what it would touch" "^ *$b1 ssl-b1 +webhg2 +b1 " "$err"
ctl cancel "$b1" --dry-run --json
check "a dry run changes nothing" "0 scheduled" "$status $(state b1)"
check "and says so" '1 1 cancelled' "$(sqlite3 :memory: "select json_extract(j, '\$.dry'),
	json_extract(j, '\$.done'), json_extract(j, '\$.jobs[0].state')
	from (select readfile('$out') as j)" | tr '|' ' ')"
ctl cancel "$b1" --yes --reason 'not this one'
check "cancelled" "0 cancelled" "$status $(state b1)"
check "its key is gone" 0 "$(query "select count(*) from secrets where certificate_id =
	(select certificate_id from jobs where id = $b1)")"
ctl show "$b1"
says "show tells of it" "act .*cancel .*by $(id -un): not this one" "$out"
sed 's/"revision": *1,/"revision":2,/' "$scratch/two.json" >"$scratch/two2.json"
ctl import "$scratch/two2.json"
check "the same certificate once more, by import" 0 "$status"
taken() {
	[ "$(query "select revision from contracts where code = 'ssl-b1'")" = 2 ]
}
holds "the daemon takes it in" wait_for 120 taken
check "it stays cancelled" cancelled "$(state b1)"
ctl retry "$b1"
check "a retry of a named job is not asked for" 0 "$status"
says "its key comes with the next record" 'next record' "$out"
sed 's/"revision": *1,/"revision":3,/' "$scratch/two.json" >"$scratch/two3.json"
"$build/certinstallctl" import --config "$conf" - <"$scratch/two3.json" >"$out"
holds "which brings it back" wait_for 120 is_state b1 scheduled
ctl resume webhg2
holds "and it is installed" wait_for 120 is_state b1 installed

# ---- retry by filter ----

faults '"service":"webhg2","from":1,"to":2,"fault":"status","status":400'
due three c1
due four c2
holds "two fail" wait_for 120 is_state c1 failed
holds "both" wait_for 120 is_state c2 failed
ctl retry --service webhg2 --state failed
check "by filter it wants --yes" "2 failed" "$status $(state c1)"
ctl retry --service webhg2 --yes
check "all failed ones of a service" 0 "$status"
holds "the one goes again" wait_for 120 is_state c1 installed
holds "and the other" wait_for 120 is_state c2 installed
says "each is logged" 'ssl-c1: webhg2 c1 .*: goes again: retry by ' "$log"
ctl retry "$(job c1)"
check "of an installed one it cannot be done" 1 "$status"
ctl retry 4711
check "nor of none" 1 "$status"
ctl retry
check "of what?" 2 "$status"
ctl retry --service webhg2 1
check "either or" 2 "$status"

# ---- release ----

due five d1 --revision 1
holds "the first is installed" wait_for 120 is_state d1 installed
first=$(served webhg2 five.example.jp)
record .second --contract own-d1 --common-name five.example.jp --item bring-in --key ec-p256 \
	--at 2026-11-04T10:00:00+09:00 --days 8000 --link webhg2:d1:five.example.jp
second=$(fingerprint "$spool/.second.json")
mv "$spool/.second.json" "$spool/second.json"
holds "the second waits" wait_for 120 is_state d1 held
ctl release webhg2 d1
check "release wants --yes" "2 held" "$status $(state d1)"
says "it says from whom to whom" 'from contract ssl-d1 to contract own-d1' "$err"
ctl release webhg2 nothing --yes
check "of a code that nobody has" 1 "$status"
ctl release "$(job d1)" --yes --reason 'they rang'
check "released" "0 scheduled" "$status $(state d1)"
check "not before its day" "$first" "$(served webhg2 five.example.jp)"
daemon_stop
run --run-once --ignore-due --service webhg2
check "then it is served" "$second" "$(served webhg2 five.example.jp)"

# ---- import ----

record .six --contract ssl-e1 --common-name six.example.jp --item dv-ssl --key ec-p256 \
	--at 2026-11-02T10:00:00+09:00 --days 8000 --link webhg2:e1:other.example.jp
mv "$spool/.six.json" "$scratch/six.json"
ctl import "$scratch/six.json" --dry-run
check "a link that is refused" 1 "$status"
says "with its reason" 'webhg2 e1 other.example.jp: refuse.*name-mismatch' "$out"
check "a dry run hands nothing over" 0 "$(find "$spool" -name 'import-*' | wc -l)"
ctl import "$scratch/six.json"
check "handed over all the same" "1 1" "$status $(find "$spool" -name 'import-*' -perm 600 | wc -l)"
echo '{' >"$scratch/bad.json"
ctl import "$scratch/bad.json"
check "no record" "2 1" "$status $(find "$spool" -name 'import-*' | wc -l)"
run --run-once
check "the next run takes it in" "1 0" "$status $(find "$spool" -name 'import-*' | wc -l)"
ctl import "$scratch/six.json" --json
check "known by then" '0 1' "$status $(sqlite3 :memory: \
	"select json_extract(readfile('$out'), '\$.records[0].known')")"

system_end
