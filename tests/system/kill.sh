#!/usr/bin/env bash
# The daemon, killed with -9 at random instants while records keep arriving: first certificates,
# renewals, links added, in a shuffled order, for services of every kind. After each kill, whatever
# disappeared from the spool is in the store; at the end, by the services' ledger, each install had
# one effect under one key, and nothing older came over something newer.
#   kill.sh [--kills N] [--seed S]   N kills (200) and as many records as keep the daemon busy; S
#                                    repeats the load and the delays, though not the scheduler
# shellcheck disable=SC2034,SC2154
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

kills=200
seed=$(($(date +%s) % 32768))
while [ $# -gt 0 ]; do
	case $1 in
	--kills) kills=$2 ;;
	--seed) seed=$2 ;;
	*)
		sed -n '2,/^#   kill/s/^# *//p' "$0"
		exit 2
		;;
	esac
	shift 2
done
RANDOM=$seed
echo "# $kills kills; the same load again: $0 --kills $kills --seed $seed"
# A third of the contracts lives on a service that answers "accepted" and goes on by itself.
services=webhg2,gio-ca,docex,cloud-hosting,idgw,waf
contracts=$((kills + 6))
export LC_ALL=C

# ---- the load ----

# days_ago N: as records have instants.
days_ago() {
	date -d "-$1 days" +%Y-%m-%dT10:00:00+09:00
}

# revision NUMBER DAYS: of all contracts, with a certificate that old, due long ago.
revision() {
	"$build/tests/tools/make-estate" --out "$estate" records --count "$contracts" --keys 8 \
		--services $services --revision "$1" --at "$(days_ago "$2")" \
		--file "$scratch/revision$1.ndjson" || exit 99
}

# Of each contract: a first certificate, a renewal, and the renewal with a link more. A line each:
# contract, revision, record.
make_load() {
	revision 1 40
	revision 2 25
	sed 's/"revision":2/"revision":3/
		s/"links":\[{"service":"[^"]*","service_code":"\([^"]*\)","fqdn":"\([^"]*\)"[^}]*}/&,{"service":"webhg2","service_code":"more\1","fqdn":"\2"}/' \
		"$scratch/revision2.ndjson" >"$scratch/revision3.ndjson"
	sed -n 's/.*"contract":"\([^"]*\)".*"revision":\([0-9]*\).*/\1 \2 &/p' \
		"$scratch"/revision[123].ndjson >"$scratch/records"
	# Older revisions mostly first, so that there is something to renew, but not always.
	awk -v seed="$seed" 'BEGIN { srand(seed) } { printf "%.6f %s\n", 0.4 * $2 + rand(), $0 }' \
		"$scratch/records" | sort -n | cut -d ' ' -f 2- >"$scratch/load"
}

# What the program makes of the certificates: "fingerprint revision"; and every target with the
# certificate that must be on it at last.
make_expectations() {
	local number

	for number in 1 2; do
		"$build/certinstallctl" explain --json --trust "$estate/root.pem" \
			"$scratch/revision$number.ndjson" |
			sed -n "s/.*\"fingerprint_sha256\":\"\([0-9a-f]*\)\".*/\1 $number/p"
	done >"$scratch/rank"
	"$build/certinstallctl" explain --json --trust "$estate/root.pem" \
		"$scratch/revision3.ndjson" |
		awk '{
			match($0, /"fingerprint_sha256":"[0-9a-f]*"/)
			fingerprint = substr($0, RSTART + 22, RLENGTH - 23)
			while (match($0, /"service":"[^"]*","service_code":"[^"]*","fqdn":"[^"]*"/)) {
				link = substr($0, RSTART, RLENGTH)
				$0 = substr($0, RSTART + RLENGTH)
				gsub(/"[a-z_]*":|"/, "", link)
				gsub(/,/, "|", link)
				print link "|" fingerprint
			}
		}' | sort >"$scratch/wanted"
}

# ---- delivering ----

declare -A arriving # file -> what it holds, as "contract revision" by lines; until it disappeared
delivered=0
acknowledged=0
unread=0
lost=0

# put NAME CONTENT: as writers have to.
put() {
	printf '%s\n' "$2" >"$spool/.$1"
	mv "$spool/.$1" "$spool/$1"
	delivered=$((delivered + 1))
}

# arrive: the next record of the load, a few of them in one file, or now and then what is no record;
# false when there is no more.
arrive() {
	local code number text name content='' holds='' count=1

	name=$(printf '%05d' "$delivered")
	case $((RANDOM % 12)) in
	0)
		put "$name.json" "no record"
		arriving[$name.json]=rejected
		return 0
		;;
	1 | 2) count=4 ;;
	esac
	while [ "$count" -gt 0 ] && read -r code number text <&7; do
		content=$content${content:+$'\n'}$text
		holds=$holds${holds:+$'\n'}"$code $number"
		count=$((count - 1))
	done
	[ -n "$content" ] || return 1
	name=$name.$([ "$holds" = "${holds%$'\n'*}" ] && echo json || echo ndjson)
	arriving[$name]=$holds
	put "$name" "$content"
}

# ---- killing ----

# start: the daemon, without waiting until it is ready.
start() {
	"$build/certinstalld" --config "$conf" 2>>"$log" </dev/null &
	daemon_pid=$!
}

# pause MILLISECONDS
pause() {
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

# A kill, its count by what it struck.
struck=0
in_start=0
in_intake=0
in_push=0
in_follow=0
strike() {
	local waiting leased pending

	kill -KILL "$daemon_pid"
	wait "$daemon_pid" 2>/dev/null
	[ $? -eq 137 ] && struck=$((struck + 1))
	daemon_pid=
	waiting=$(find "$spool" -maxdepth 1 -name "[!.]*json" | wc -l)
	[ "$waiting" -eq 0 ] || in_intake=$((in_intake + 1))
	tail -n 1 "$log" | grep -q 'ready:' || [ -s "$log" ] || in_start=$((in_start + 1))
	: >"$log"
	copy_wreck
	read -r leased pending < <(wreck "SELECT count(lease_token),
		coalesce(sum(remote <> '' AND settled_ms = 0), 0) FROM jobs" | tr '|' ' ')
	[ "${leased:-0}" -eq 0 ] || in_push=$((in_push + 1))
	[ "${pending:-0}" -eq 0 ] || in_follow=$((in_follow + 1))
	account
}

# wreck SQL: of a copy, so that the recovery stays the program's to do.
wreck() {
	sqlite3 "$scratch/copy/store.db" "$1" 2>/dev/null
}

copy_wreck() {
	rm -rf "$scratch/copy"
	mkdir "$scratch/copy"
	cp "$scratch/store/store.db" "$scratch/copy/" 2>/dev/null
	cp "$scratch/store/store.db-wal" "$scratch/copy/" 2>/dev/null
}

# account: what disappeared from the spool must be where it belongs, by the wreck.
account() {
	local name code number stored=() file

	declare -A revisions=()
	while IFS='|' read -r code number; do
		revisions[$code]=$number
	done < <(wreck 'SELECT code, revision FROM contracts')
	for name in "${!arriving[@]}"; do
		# A file that is being taken has the mark of that in its name.
		stored=("$spool/${name%.*}"*."${name##*.}")
		[ ! -e "${stored[0]}" ] || continue
		if [ "${arriving[$name]}" = rejected ]; then
			file=$spool/rejected/$name
			if [ -e "$file" ] && [ -s "$file.reason" ]; then
				unread=$((unread + 1))
			else
				echo "# lost: $name, which is no record, is not in rejected/"
				lost=$((lost + 1))
			fi
		else
			while read -r code number; do
				if [ "${revisions[$code]:-0}" -ge "$number" ]; then
					acknowledged=$((acknowledged + 1))
				else
					echo "# lost: $name is gone, and $code revision $number not stored"
					lost=$((lost + 1))
				fi
			done <<<"${arriving[$name]}"
		fi
		unset "arriving[$name]"
	done
}

# ---- the end ----

all_done() {
	[ -z "$(find "$spool" -maxdepth 1 -name '*json')" ] &&
		[ "$(sqlite3 -readonly "$scratch/store/store.db" \
			'SELECT count(*) FROM jobs WHERE settled_ms = 0' 2>/dev/null)" = 0 ]
}

# Ledger lines as "effect service|code|fqdn|fingerprint|key", in order.
read_ledger() {
	sed -n 's/.*"service":"\([^"]*\)","code":"\([^"]*\)","fqdn":"\([^"]*\)","idempotency_key":"\([^"]*\)","fingerprint":"\([^"]*\)".*"effect":\([a-z]*\).*/\6 \1|\2|\3|\5|\4/p' \
		"$scratch/ledger"
}

check_end() {
	local target="service || '|' || service_code || '|' || fqdn"
	local found="SELECT $target || '|' || lower(hex(fingerprint))"

	check "no record that disappeared from the spool was missing from the store" 0 "$lost"
	check "each record was taken" $((contracts * 3)) "$acknowledged"
	check "the spool is empty" 0 "$(find "$spool" -maxdepth 1 -type f | wc -l)"
	check "nothing else was rejected" "$unread" \
		"$(find "$spool/rejected" -name '*json' | wc -l)"
	query "$found FROM jobs JOIN certificates ON certificates.id = certificate_id
		WHERE state = 6" | sort >"$scratch/installed"
	check "each link has its newest certificate installed, by the store" 0 \
		"$(comm -23 "$scratch/wanted" "$scratch/installed" | wc -l)"
	check "no key is left in the store" 0 "$(query 'SELECT count(*) FROM secrets')"
	check "no job has failed" 0 "$(query 'SELECT count(*) FROM jobs WHERE state = 7')"
	check "the store is sound" ok "$(query 'PRAGMA integrity_check')"

	read_ledger >"$scratch/lines"
	sed -n 's/^true //p' "$scratch/lines" >"$scratch/effects"
	check "the ledger was read whole" "$(wc -l <"$scratch/ledger")" "$(wc -l <"$scratch/lines")"
	check "no key had two effects" 0 "$(cut -d '|' -f 5 "$scratch/effects" | sort | uniq -d | wc -l)"
	check "no certificate came twice to a target under different keys" 0 \
		"$(sed 's/^[a-z]* //' "$scratch/lines" | sort -u | cut -d '|' -f 1-4 | uniq -d | wc -l)"
	check "each link's newest certificate had its effect" 0 \
		"$(cut -d '|' -f 1-4 "$scratch/effects" | sort | comm -23 "$scratch/wanted" - | wc -l)"
	check "nothing older came over something newer" 0 \
		"$(tr '|' ' ' <"$scratch/effects" | awk 'NR == FNR { rank[$1] = $2; next }
			!($4 in rank) { print "unknown"; next }
			rank[$4] < last[$1, $2, $3] { print }
			rank[$4] > last[$1, $2, $3] { last[$1, $2, $3] = rank[$4] }' \
			"$scratch/rank" - | wc -l)"
	query "$found || '|' || idempotency_key
		FROM jobs JOIN certificates ON certificates.id = certificate_id" |
		sort >"$scratch/jobs"
	check "each push was a job's, under its key" 0 \
		"$(sed 's/^[a-z]* //' "$scratch/lines" | sort -u | comm -23 - "$scratch/jobs" | wc -l)"
}

system_begin
mkdir "$scratch/services.d"
cp "$top"/conf/services.d/*.conf "$scratch/services.d/"
# Where the service gives no pace, a quick one.
sed -i 's/^follow {/&\n\tinterval = "200ms"\n\tinterval-floor = "100ms"/' \
	"$scratch/services.d/gio-ca.conf" "$scratch/services.d/idgw.conf"
mock_start --async --gio-spread 1s --idgw-delay 1s --waf-rate 0
# Leases that run out soon after a kill, and longer than a try can take.
site_lines='  total-timeout = "1s"
  stall-timeout = "1s"
  connect-timeout = "1s"
  verify-timeout = "500ms"
  verify-grace = "3s"'
write_config 'lease = "2s"' 'retry-floor = "100ms"' 'retry-ceiling = "1s"' 'spool-poll = "1s"'
sed -i "s|^services-dir.*|services-dir = \"$scratch/services.d\"|
	s|^  verify-interval.*|  verify-interval = \"200ms\"|" "$conf"
log=$scratch/daemon.log
: >"$log"
make_load
make_expectations
exec 7<"$scratch/load"

per_kill=$(((contracts * 3 + kills - 1) / kills))
# Of the delays, in percent: more on a machine so busy that the daemon is not ready within them.
stretch=100
for _ in $(seq "$kills"); do
	start
	# A third of the kills comes within the start, the others later; records arrive meanwhile.
	within=$((RANDOM % 3 == 0 ? 60 : 300 * stretch / 100))
	delay=$((RANDOM % within))
	for _ in $(seq $((RANDOM % (per_kill * 2)))); do
		arrive
		pause $((delay / (per_kill * 2)))
	done
	# Every other kill comes right behind the last arrival.
	[ $((RANDOM % 2)) -eq 0 ] || pause $((delay / 2))
	[ $((delay * 2)) -lt $((300 * stretch / 100)) ] || grep -q 'ready:' "$log" ||
		stretch=$((stretch + 20))
	strike
done
check "killed as often as wanted" "$kills" "$struck"
# Figures of this size come out on any machine; less, and the kills were not under load.
for struck_what in "start $in_start" "intake $in_intake" "push $in_push" "follow $in_follow"; do
	check "enough kills struck the ${struck_what% *}" yes \
		"$([ "${struck_what#* }" -ge $((kills / 20)) ] && echo yes || echo "$struck_what")"
done
daemon_start
while arrive; do
	:
done
holds "then all comes to its end" wait_for $((60 + kills / 2)) all_done
daemon_stop
check "the last one's exit status" 0 "$status"
copy_wreck
account
check_end
echo "# the delays were stretched to $stretch %"
echo "# kills within the start $in_start, with records in the spool $in_intake, with pushes in" \
	"flight $in_push, with installs pending at a service $in_follow"
echo "# $delivered files, $(wc -l <"$scratch/ledger") pushes," \
	"$(grep -c '"replayed":true' "$scratch/ledger") of them replays"
system_end
