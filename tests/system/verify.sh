#!/usr/bin/env bash
# certinstallctl verify: whether what is installed is served, as JSON and in words.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mock_start
write_config

# verify [ARGUMENT…]: its exit status in $status, what it prints in $scratch/out.
verify() {
	"$build/certinstallctl" verify --config "$conf" "$@" >"$scratch/out" 2>"$scratch/err"
	status=$?
}

# finding HOST: what the last verify found there.
finding() {
	awk -v host="$1" '$4 == host { print $1 }' "$scratch/out"
}

verify
check "no store yet" 3 "$status"
due one v1
due two v2
kept=$(fingerprint "$spool/two.json")
record gio --contract ssl-v3 --common-name gio.example.jp --item dv-ssl \
	--at 2026-11-02T10:00:00+09:00 --days 8000 --link gio-ca:v3:gio.example.jp
run --run-once
check "three are installed" 0 "$status"

verify
check "all served" "0 served served served" \
	"$status $(finding one.example.jp) $(finding two.example.jp) $(finding gio.example.jp)"
says "and counted" '^3 installed, 3 served, 0 not looked at$' "$scratch/out"

# Another certificate of the same name, and one of another name, behind the daemon's back.
# put CODE HOST COMMON-NAME: on webhg2.
put() {
	"$build/tests/tools/make-estate" --out "$estate" record --contract other --common-name "$3" \
		--item bring-in --san "$2" --key ec-p256 --file "$scratch/other.json"
	sed 's/.*"pem":"\([^"]*\)".*/\1/; s/\\n/\n/g' "$scratch/other.json" >"$scratch/other.pem"
	sed 's/.*"private_key":"\([^"]*\)".*/\1/; s/\\n/\n/g' "$scratch/other.json" \
		>"$scratch/other.key"
	curl -s -o /dev/null -w '%{http_code}' --cacert "$estate/root.pem" \
		-H "Authorization: Bearer $(cat "$estate/token")" -F "host=$2" \
		-F "certificate=@$scratch/other.pem" -F "chain=@$estate/intermediate.pem" \
		-F "private_key=@$scratch/other.key" "https://$(mock_api)/webhg2/$1/certificates"
}
check "behind the daemon's back" 200 "$(put v1 one.example.jp one.example.jp)"
verify
check "another certificate of the name: told as old, and as a fault" "1 old served served" \
	"$status $(finding one.example.jp) $(finding two.example.jp) $(finding gio.example.jp)"
says "with job, host and edge" \
	"webhg2 v1 one.example.jp \(job [0-9]+\): $(mock_edge webhg2) still serves another certificate of this name" \
	"$scratch/out"
says "and counted" '^3 installed, 2 served, 0 not looked at$' "$scratch/out"
verify --json
check "as JSON, too" 1 "$status"
holds "which is JSON" sqlite3 :memory: "select json_extract(readfile('$scratch/out'), '$.verified[2]')"
found() {
	sqlite3 :memory: "select json_extract(value, '$.finding'), json_extract(value, '$.fqdn'),
		json_extract(value, '$.fingerprint_sha256')
		from json_each(readfile('$scratch/out'), '$.verified') order by 2"
}
check "one is old" "old|one.example.jp" "$(found | grep one.example | cut -d'|' -f1,2)"
check "and the others, with their fingerprints, are served" "served|two.example.jp|$kept" \
	"$(found | grep two.example)"
verify --service gio-ca
check "of one service alone" "0 1" "$status $(grep -c '^served ' "$scratch/out")"
verify --fqdn one.example.jp
check "of one host alone" "1 old" "$status $(finding one.example.jp)"
verify --contract ssl-v2
check "of one contract alone" "0 served" "$status $(finding two.example.jp)"

faults '"service":"webhg2","fault":"edge-wrong"'
put v1 one.example.jp one.example.jp >/dev/null
verify --service webhg2
check "another name's certificate is told as such" "1 other served" \
	"$status $(finding one.example.jp) $(finding two.example.jp)"
control DELETE

# A newer install of the same link is the one that is to be served.
due one v1 --revision 2 --at 2026-11-03T10:00:00+09:00
run --run-once
check "installed anew" 0 "$status"
verify
check "what went before is not asked for" "0 served" "$status $(finding one.example.jp)"

kill "$mock_pid"
wait "$mock_pid" 2>/dev/null
mock_pid=
verify
check "no edge can be reached" "1 unreachable unreachable unreachable" \
	"$status $(finding one.example.jp) $(finding two.example.jp) $(finding gio.example.jp)"
sed -i '/^  edge = /d' "$conf"
verify
check "without edges nothing is looked at" "0 skipped" "$status $(finding two.example.jp)"
says "which is said" '^3 installed, 0 served, 3 not looked at$' "$scratch/out"
verify --service nonsense
check "of a service that has none: nothing to tell" "0 installed, 0 served, 0 not looked at" \
	"$(cat "$scratch/out")"

system_end
