#!/usr/bin/env bash
# A service code that goes from one contract to another: nothing of the second is sent before the
# first has let go, each way of letting go counts, and the daemon need not be there in between.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mock_start
write_config

# installed CODE: a first contract, an agency's, installed; its record is kept as $scratch/first.json.
installed() {
	due first "$1" --revision 1
	cp "$spool/first.json" "$scratch/first.json"
	first=$(fingerprint "$scratch/first.json")
	run --run-once
	check "$1: the first is installed" "0 $first" "$status $(served webhg2 first.example.jp)"
}

# brought CODE: a second contract, brought in, names the same service code and host name.
brought() {
	record .second --contract "own-$1" --common-name first.example.jp --item bring-in \
		--key ec-p256 --at 2026-11-04T10:00:00+09:00 --days 8000 \
		--link "webhg2:$1:first.example.jp"
	second=$(fingerprint "$spool/.second.json")
	cp "$spool/.second.json" "$scratch/second.json"
	# A daemon takes it away as soon as it is there.
	mv "$spool/.second.json" "$spool/second.json"
}

# changes SED: the first contract's next revision, its certificate the same.
changes() {
	sed "s/\"revision\": *1,/\"revision\":2,/; $1" "$scratch/first.json" >"$spool/.first"
	mv "$spool/.first" "$spool/first.json"
}

# jobs CODE: the second contract's job as "state holder due"; of due that it is there.
jobs() {
	"$build/certinstallctl" jobs --config "$conf" --json --contract "own-$1" >"$scratch/jobs"
	sqlite3 :memory: "select json_extract(j, '$.state'), coalesce(json_extract(j, '$.holder'), '-'),
		json_extract(j, '$.due') is not null
		from (select json_extract(readfile('$scratch/jobs'), '$.jobs[0]') as j)" | tr '|' ' '
}

# released CODE: the second is scheduled, and the first served until its day.
released() {
	check "$1: the second is scheduled by itself" "scheduled - 1" "$(jobs "$1")"
	run --run-once
	check "$1: not before its day" "0 1 1" \
		"$status $(effects "$1") $(awk '$2 == "not" { print $5 }' "$out")"
	check "$1: what was installed is served until then" "$first" "$(served webhg2 first.example.jp)"
	run --run-once --ignore-due
	check "$1: then the second is served" "0 $second" "$status $(served webhg2 first.example.jp)"
	check "$1: each was sent once" "2 2" "$(requests "$1") $(effects "$1")"
}

other='s/"service": *"webhg2"/"service":"other"/'
# shellcheck disable=SC2034 # named by ${!way}
emptied='s/"service_code": *"[^"]*"/"service_code":""/'
ended='s/"state": *"active"/"state":"ended"/'

# The daemon all along, and stopped between the two.
installed s1
daemon_start
brought s1
holds "s1: the daemon takes the second" wait_for 120 grep -q "held: contract ssl-s1 has" "$log"
check "s1: it is held, and says by whom" "held ssl-s1 0" "$(jobs s1)"
daemon_stop
run --run-once --ignore-due
check "s1: nothing of it is sent, whatever is due" "0 1" "$status $(requests s1)"
says "s1: and it is counted" '^webhg2 +held +1$' "$out"
"$build/certinstallctl" jobs --config "$conf" --state held >"$scratch/text"
says "s1: jobs says whom it waits for" ' held .* - .*first.example.jp, waits for ssl-s1$' "$scratch/text"
daemon_start
changes "$other"
holds "s1: the daemon releases it" wait_for 120 \
	grep -q "own-s1: webhg2 s1 first.example.jp: released by ssl-s1, due 2" "$log"
daemon_stop
daemon_start
daemon_stop
released s1

# Without a daemon: the code is deleted; the contract ends.
for way in emptied ended; do
	fresh
	installed "$way"
	brought "$way"
	run --run-once --dry-run
	says "$way: a dry run says that it would be held" \
		"own-$way .* would be held: contract ssl-$way has" "$out"
	run --run-once
	check "$way: held" "held ssl-$way 0" "$(jobs "$way")"
	changes "${!way}"
	run --run-once --dry-run
	check "$way: a dry run says that it would wait for its day, and counts it once" \
		"1 webhg2 not yet due 1" \
		"$(grep -cE "^own-$way .* would wait, due 2" "$out") $(awk '$1 == "webhg2" { $1 = $1; print }' "$out")"
	run --run-once
	released "$way"
done

# Called off while it waits.
fresh
installed off
brought off
run --run-once
sed "s/\"revision\": *1,/\"revision\":2,/; $ended" "$scratch/second.json" >"$scratch/off.json"
run --run-once --dry-run --import "$scratch/off.json"
says "off: a dry run says so" '^own-off .* would be cancelled: the contract has ended$' "$out"
check "off: and counts it no more" "" "$(grep '^webhg2 ' "$out")"
check "off: nothing is done" "held ssl-off 0" "$(jobs off)"
run --run-once --import "$scratch/off.json"
check "off: it waits no more" "cancelled - 0" "$(jobs off)"
says "off: and the log says so" 'own-off: webhg2 off first.example.jp: cancelled: the contract has ended' \
	"$err"

# One input of several records, as the daemon would take them.
rm -f "$spool"/*
fresh
due first line
tr -d '\n' <"$spool/first.json" >"$scratch/lines.ndjson"
cp "$spool/first.json" "$scratch/first.json"
brought line
{
	echo
	tr -d '\n' <"$spool/second.json"
	echo
	sed "s/\"revision\": *1,/\"revision\":2,/; $ended" "$scratch/first.json" | tr -d '\n'
	echo
	tr -d '\n' <"$spool/second.json"
	echo
} >>"$scratch/lines.ndjson"
"$build/certinstallctl" explain --json --trust "$estate/root.pem" "$scratch/lines.ndjson" >"$scratch/explained"
status=$?
check "explain: one is held" 1 "$status"
check "explain: accepted, held with the holder's code, none, accepted" \
	'accept [] hold ["ssl-line"] none [] accept []' \
	"$(sed 's/.*"verdict":"\([a-z]*\)","reasons":\(\[[^]]*\]\).*/\1 \2/' "$scratch/explained" | paste -sd ' ')"
check "explain: held has no due" 1 "$(sed -n 2p "$scratch/explained" | grep -c '"due":null,"days":\[\]')"
"$build/certinstallctl" explain --trust "$estate/root.pem" "$scratch/lines.ndjson" >"$scratch/explained"
says "explain: in words, too" '^  Waits for contract ssl-line$' "$scratch/explained"

# An older certificate never goes over a newer one; back to one by a later registration.
fresh
# version REVISION AT: the record of the certificate kept as $scratch/NAME.json.
version() {
	sed "s/\"revision\": *1,/\"revision\":$2,/; s/\"at\": *\"[^\"]*\"/\"at\":\"$3\"/" \
		"$scratch/$1.json" >"$spool/.version"
	mv "$spool/.version" "$spool/$1.json"
	run --run-once
}
for name in one two; do
	record "$name" --contract ssl-back --common-name back.example.jp --item dv-ssl \
		--key ec-p256 --at 2026-11-01T10:00:00+09:00 --days 8000 --link webhg2:back:back.example.jp
	mv "$spool/$name.json" "$scratch"
done
one=$(fingerprint "$scratch/one.json")
two=$(fingerprint "$scratch/two.json")
version two 2 2026-11-03T10:00:00+09:00
check "the newer one first" "$two" "$(served webhg2 back.example.jp)"
version one 1 2026-11-02T10:00:00+09:00
check "a lower revision is ignored" "$two 1" "$(served webhg2 back.example.jp) $(requests back)"
version one 3 2026-11-02T10:00:00+09:00
check "an older one does not go over it" "$two 1" "$(served webhg2 back.example.jp) $(requests back)"
check "and says so" superseded \
	"$(query "select case state when 9 then 'superseded' else state end from jobs order by id desc limit 1")"
version one 4 2026-11-05T10:00:00+09:00
check "registered again later, it does" "$one" "$(served webhg2 back.example.jp)"
version two 5 2026-11-06T10:00:00+09:00
check "and back" "$two" "$(served webhg2 back.example.jp)"
check "each was another install" "3 3 0" "$(requests back) $(effects back) $(repeated back)"
"$build/certinstallctl" verify --config "$conf" >"$scratch/verified"
check "verify knows which is to be served" 0 $?

system_end
