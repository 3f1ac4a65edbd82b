# shellcheck shell=bash disable=SC2034,SC2154
# The rows of scripts/bench; sourced by it. Each measures, in turns within one round, the program and
# what it is compared with, and leaves a sample a round.

# A line a row: name, "min" (at least) or "max" (at most), what, at least, aim, unit.
bench_rows() {
	cat <<-ROWS
		drain|min|drain, not verified / h2load, HTTP/1.1|0.25|0.40|
		curl|min|drain, not verified / curl --parallel|2.0|3.0|
		verified|min|drain, verified / bare handshakes|0.7|0.9|
		whole|min|whole / xargs -P16, openssl verify and curl|20|40|
		whole-checked|min|whole / xargs -P16, with key and host name|80|200|
		intake|min|intake on one core / plain OpenSSL calls|2.5|4|
		threads|min|intake with two threads / one|1.7|1.9|
		slow-disk|min|drain, 2 ms a sync / none|0.7|0.9|
		commits|max|commits a job at saturation|0.02|0.005|
		claim|max|claiming 100 due jobs among $(spelled "$(queue_large)") / $(spelled "$(queue_small)")|1.5|1.1|
		memory|max|peak memory, draining $(spelled "$(drain_large)") / $(spelled "$(drain_small)")|1.1|1.0|
		memory-queued|max|peak memory of the daemon, $(spelled "$(queued)") queued, 128 in flight|64|40|MB
		idle-memory|max|idle: memory|24|16|MB
		idle-wakeups|max|idle: wake-ups in 60 s|6|0|
		start|max|start to first install, $(spelled "$(queue_large)") queued / $(spelled "$(queue_small)")|2|1.1|
		lateness|max|due instant to request on the wire, p99|50|5|ms
	ROWS
}

spelled() {
	awk -v n="$1" 'BEGIN { print (n >= 1000000 ? n / 1000000 " million" : n) }'
}

# What takes minutes is smaller unless --full is given; the table says which it was.
by_size() {
	case $sizes in
	quick) echo "$1" ;;
	middle) echo "$2" ;;
	full) echo "$3" ;;
	esac
}
queue_small() { by_size 1000 10000 10000; }
queue_large() { by_size 5000 1000000 10000000; }
queued() { by_size 2000 1000000 1000000; }
# As many as make the rate that of the drain: of few, the start of the process takes a tenth.
drain_rated() { by_size "$count" 20000 20000; }
drain_small() { by_size 100 25000 100000; }
drain_large() { by_size 500 100000 1000000; }

rounds() {
	seq "$rounds"
}

# h2load, the same body for each request to the same URL; its rate is in $rate.
load() {
	local out=$scratch/h2load

	body
	sink_empty
	"${on_client[@]}" h2load --h1 -n "$1" -c "$connections" -d "$scratch/body" \
		-H ':method: PUT' -H "Authorization: Bearer $(cat "$estate/token")" \
		-H 'Content-Type: application/x-pem-file' \
		"https://127.0.0.1:$api_port/sink/sin0000000000/www.example.jp" >"$out" 2>&1 ||
		fail "h2load: $(tail -n 3 "$out")"
	grep -q "status codes: $1 2xx, 0 3xx, 0 4xx, 0 5xx" "$out" ||
		fail "h2load: $(grep 'status codes' "$out")"
	rate=$(sed -n 's/^finished in .*, \([0-9.]*\) req\/s.*/\1/p' "$out")
}

row_drain() {
	local number theirs

	number=$(drain_rated)
	for _ in $(rounds); do
		# As much more as it is faster, so that it runs for about as long.
		load "$((number * 5))"
		theirs=$rate
		fill "$scratch/drain/store.db" "$number"
		around=("${on_client[@]}")
		drain drain "$scratch/drain" "$number"
		note drain "$(printf '%.0f and %.0f a second, %.0f us of processor time a job, the last' \
			"$rate" "$theirs" "$cpu")"
		sample drain "$(ratio "$rate" "$theirs")"
	done
}

# curl uploads a body for each of the names; its rate is in $rate.
uploads() {
	local measured good

	body
	names "$1"
	sink_empty
	awk -v url="https://127.0.0.1:$api_port/sink/sin0000000000/" -v body="$scratch/body" '{
		printf "url = \"%s%s\"\nupload-file = \"%s\"\noutput = \"/dev/null\"\n", url, $1, body
	}' "$names" >"$scratch/uploads"
	"$build/tests/tools/measure" "$scratch/measured" "${on_client[@]}" curl --silent \
		--no-progress-meter --http1.1 \
		--parallel --parallel-max "$connections" --cacert "$estate/root.pem" \
		-H "Authorization: Bearer $(cat "$estate/token")" \
		-H 'Content-Type: application/x-pem-file' -w '%{http_code}\n' \
		-K "$scratch/uploads" >"$scratch/statuses" 2>"$scratch/log" ||
		fail "curl: $(tail -n 3 "$scratch/log")"
	good=$(grep -c '^20[14]$' "$scratch/statuses" || true)
	[ "$good" -eq "$1" ] || fail "curl: $good of $1 answers are 2xx"
	[ "$(sink_has)" -eq "$1" ] || fail "curl: $(sink_has) of $1 bodies are at the sink"
	read -r -a measured <"$scratch/measured"
	rate=$(ratio "$(($1 * 1000))" "${measured[0]}")
}

row_curl() {
	local number theirs

	number=$(drain_rated)
	for _ in $(rounds); do
		records "$number"
		uploads "$number"
		theirs=$rate
		fill "$scratch/curl/store.db" "$number"
		around=("${on_client[@]}")
		drain drain "$scratch/curl" "$number"
		note curl "$(printf '%.0f and %.0f a second, the last' "$rate" "$theirs")"
		sample curl "$(ratio "$rate" "$theirs")"
	done
}

# The drain puts what the handshakes are then shown, so it goes first.
row_verified() {
	local number=$(((count + 2) / 3)) ours theirs

	for _ in $(rounds); do
		fill "$scratch/verified/store.db" "$number"
		around=("${on_client[@]}")
		edge=yes
		drain verified "$scratch/verified" "$number"
		edge=no
		ours=$rate
		names "$number"
		theirs=$("${on_client[@]}" "$build/tests/bench/handshakes" 127.0.0.1 "$edge_port" \
			"$names" "$connections") || fail "handshakes: status $?"
		note verified "$(printf '%.0f and %.0f a second, the last' "$ours" "$theirs")"
		sample verified "$(ratio "$ours" "$theirs")"
	done
}

# The whole from the file in the spool to the last install; its rate is in $rate.
whole() {
	records "$count"
	rm -rf "$scratch/whole"
	mkdir -p "$scratch/whole/spool"
	cp "$records" "$scratch/whole/spool/records.ndjson"
	sync "$scratch/whole/spool/records.ndjson"
	around=("${on_client[@]}")
	drain whole "$scratch/whole" "$count"
	[ -z "$(ls "$scratch/whole/spool")" ] || fail "whole: something was left in the spool"
}

# What a script of a few lines does for a record; the pieces of the record are files already. A key
# belongs to its certificate when what it signed verifies (DOMAIN.md, rule 8).
script_write() {
	{
		cat <<-SCRIPT
			set -e
			f=$scratch/pieces/\$1
			read -r name <\$f.name
			openssl verify -CAfile $estate/root.pem -untrusted \$f.chain \$f.leaf >\$f.out
		SCRIPT
		[ "$1" = plain ] || cat <<-SCRIPT
			openssl x509 -in \$f.leaf -noout -pubkey >\$f.public
			openssl x509 -in \$f.leaf -noout -checkhost "\$name" | grep -q 'does match'
			openssl dgst -sha256 -sign \$f.key -out \$f.signed \$f.name
			openssl dgst -sha256 -verify \$f.public -signature \$f.signed \$f.name >\$f.out
		SCRIPT
		cat <<-SCRIPT
			exec curl --silent --fail --http1.1 --cacert $estate/root.pem \\
			-H @$scratch/header -H 'Content-Type: application/x-pem-file' -T \$f \\
			https://127.0.0.1:$api_port/sink/sin0000000000/\$name
		SCRIPT
	} >"$scratch/script.$1"
	printf 'Authorization: Bearer %s\n' "$(cat "$estate/token")" >"$scratch/header"
}

# scripts KIND COUNT: as many records by a script each, sixteen at a time; the rate is in $rate.
scripts() {
	local measured i

	records "$count"
	if [ ! -d "$scratch/pieces" ]; then
		mkdir "$scratch/pieces"
		for i in $(seq "$2"); do
			bundle "$i" "$scratch/pieces/$i"
		done
	fi
	script_write "$1"
	sink_empty
	seq "$2" | "$build/tests/tools/measure" "$scratch/measured" "${on_client[@]}" \
		xargs -P 16 -n 1 sh "$scratch/script.$1" || fail "xargs: status $?"
	[ "$(sink_has)" -eq "$2" ] || fail "xargs: $(sink_has) of $2 bodies are at the sink"
	read -r -a measured <"$scratch/measured"
	rate=$(ratio "$(($2 * 1000))" "${measured[0]}")
}

whole_beside() {
	local number theirs

	number=$(by_size 8 160 160)
	for _ in $(rounds); do
		scripts "$2" "$number"
		theirs=$rate
		whole
		note "$1" "$(printf '%.0f and %.1f a second, %.0f us of processor time a record, the last' \
			"$rate" "$theirs" "$cpu")"
		sample "$1" "$(ratio "$rate" "$theirs")"
	done
}

row_whole() {
	whole_beside whole plain
}

row_whole_checked() {
	whole_beside whole-checked checked
}

row_intake() {
	local theirs

	for _ in $(rounds); do
		records "$count"
		theirs=$("${on_client[@]}" "$build/tests/bench/plain_checks" "$estate/root.pem" \
			"$records") || fail "plain_checks: status $?"
		around=("${on_client[@]}")
		intake "$scratch/intake" "$records" "$count"
		note intake "$(printf '%.0f and %.0f a second, the last' "$rate" "$theirs")"
		sample intake "$(ratio "$rate" "$theirs")"
	done
}

# Not pinned: each thread is to have a processor. The sink has nothing to do meanwhile.
row_threads() {
	local one

	mkdir -p "$scratch/threads/spool"
	site=no config "$scratch/threads/conf" "$scratch/threads/store.db" "$scratch/threads/spool" \
		'intake-threads = 2'
	if ! "$build/certinstalld" --config "$scratch/threads/conf" --check-config \
		>"$scratch/out" 2>&1; then
		grep -q intake-threads "$scratch/out" || fail "threads: $(cat "$scratch/out")"
		note threads "not there"
		return
	fi
	if [ ${#on_client[@]} -eq 0 ]; then
		note threads "one processor"
		return
	fi
	for _ in $(rounds); do
		records "$count"
		around=()
		intake "$scratch/threads" "$records" "$count" 'intake-threads = 1'
		one=$rate
		intake "$scratch/threads" "$records" "$count" 'intake-threads = 2'
		note threads "$(printf '%.0f and %.0f a second, the last' "$rate" "$one")"
		sample threads "$(ratio "$rate" "$one")"
	done
}

# On a tmpfs, so that a sync takes what it is made to take and nothing else.
row_slow_disk() {
	local slow us

	for _ in $(rounds); do
		for us in 2000 0; do
			fill "$memory/disk/store.db" "$count"
			around=("${on_client[@]}" env "LD_PRELOAD=$build/tests/tools/slow-sync.so"
				"SLOW_SYNC_US=$us")
			drain slow-disk "$memory/disk" "$count"
			[ "$us" -eq 0 ] || slow=$rate
		done
		note slow-disk "$(printf '%.0f and %.0f a second, the last' "$slow" "$rate")"
		sample slow-disk "$(ratio "$slow" "$rate")"
		rm -rf "$memory/disk"
	done
}

# A commit is a sync of SQLite's log.
row_commits() {
	local syncs

	for _ in $(rounds); do
		fill "$scratch/commits/store.db" "$count"
		rm -f "$scratch/syncs"
		around=("${on_client[@]}" env "LD_PRELOAD=$build/tests/tools/slow-sync.so"
			"SLOW_SYNC_COUNT=$scratch/syncs")
		drain commits "$scratch/commits" "$count"
		read -r -a syncs < <(od -An -t u8 "$scratch/syncs")
		[ "${syncs[1]}" -gt 0 ] || fail "commits: none was counted"
		note commits "one for $(ratio "$count" "${syncs[1]}") jobs; ${syncs[0]} syncs of any kind, the last"
		sample commits "$(ratio "${syncs[1]}" "$count")"
	done
}

# queue NAME COUNT DUE: a store in $scratch/NAME of DUE jobs that are due and others up to COUNT.
queue() {
	fill "$scratch/$1/store.db" "$3"
	pad "$scratch/$1/store.db" "$(($2 - $3))"
	sql "$scratch/$1/store.db" "UPDATE jobs SET due_ms = 1, next_ms = 1 WHERE id <= $3"
	sync "$scratch/$1/store.db"
}

row_claim() {
	local small large

	queue claim-small "$(queue_small)" 100
	queue claim-large "$(queue_large)" 100
	"${on_client[@]}" "$build/tests/bench/claims" "$((rounds * 4))" sink 100 \
		"$scratch/claim-small/store.db" "$scratch/claim-large/store.db" >"$scratch/claims" ||
		fail "claims: status $?"
	while read -r small large; do
		sample claim "$(ratio "$large" "$small")"
	done <"$scratch/claims"
	note claim "$(tail -n 1 "$scratch/claims" | awk '{ printf "%.0f and %.0f us, the last", $2, $1 }')"
	rm -rf "$scratch/claim-small" "$scratch/claim-large"
}

# drained COUNT: the peak of a drain of so many jobs, fifty or so a certificate.
drained() {
	local certificates=$((($1 + 49) / 50))

	fill "$scratch/memory/store.db" "$certificates"
	multiply "$scratch/memory/store.db" "$(($1 / certificates))"
	around=("${on_client[@]}")
	drain memory "$scratch/memory" "$(($1 / certificates * certificates))"
	rm -rf "$scratch/memory"
}

row_memory() {
	local small

	for _ in $(rounds); do
		drained "$(drain_small)"
		small=$peak
		drained "$(drain_large)"
		note memory "$(printf '%.1f and %.1f MB, the last' "$peak" "$small")"
		sample memory "$(ratio "$peak" "$small")"
	done
}

# leased STORE: how many jobs are in flight.
leased() {
	sql "$1" "PRAGMA busy_timeout = 5000; SELECT count(*) FROM jobs WHERE lease_token IS NOT NULL" |
		tail -n 1
}

# rests STORE: nothing is in flight.
rests() {
	[ "$(leased "$1")" -eq 0 ]
}

row_memory_queued() {
	local due flight most=0 kept=$scratch/stores/queued.db directory=$scratch/queued

	due=$(by_size 100 4000 4000)
	at_once=128
	fill "$kept" "$((due / 20))"
	multiply "$kept" 20
	sql "$kept" "UPDATE jobs SET due_ms = 1, next_ms = 1"
	pad "$kept" "$(($(queued) - due))"
	for _ in $(rounds); do
		store_put "$kept" "$directory/store.db"
		sink_empty
		daemon_begin "$directory" "concurrency = 128"
		while [ "$(sink_has)" -lt "$due" ]; do
			kill -0 "$daemon" || fail "the daemon: $(tail -n 3 "$directory/log")"
			flight=$(leased "$directory/store.db")
			[ "$flight" -le "$most" ] || most=$flight
		done
		wait_for 20 rests "$directory/store.db" || fail "memory-queued: leases are left"
		peak=$(awk '/^VmHWM:/ { printf "%.1f", $2 / 1024 }' "/proc/$daemon/status")
		daemon_end "$daemon"
		installed memory-queued "$directory/store.db" "$due"
		sample memory-queued "$peak"
		rm -rf "$directory"
	done
	at_once=
	note memory-queued "at most $most leased at one time: in flight, claimed ahead, and not yet settled"
	rm -f "$kept"
}

# switches PID: how often its threads went to wait, which is how often they were woken.
switches() {
	cat /proc/"$1"/task/*/status | awk '/^voluntary_ctxt_switches:/ { n += $2 } END { print n + 0 }'
}

# settled PID: one second without a switch.
settled() {
	local before

	before=$(switches "$1")
	sleep 1
	[ "$(switches "$1")" -eq "$before" ]
}

# As many daemons as there are rounds, beside each other: a minute passes once.
idle_all() {
	local seconds begun=() pids=() i

	[ ! -e "$scratch/idle" ] || return 0
	seconds=$(by_size 5 60 60)
	for i in $(rounds); do
		mkdir -p "$scratch/idle/$i"
		daemon_begin "$scratch/idle/$i"
		pids+=("$daemon")
		daemon_ready "$scratch/idle/$i"
	done
	for i in "${!pids[@]}"; do
		wait_for 5 settled "${pids[i]}" || true
		begun[i]=$(switches "${pids[i]}")
	done
	sleep "$seconds"
	for i in "${!pids[@]}"; do
		printf '%s %s\n' "$((($(switches "${pids[i]}") - begun[i]) * 60 / seconds))" \
			"$(awk '/^VmRSS:/ { print $2 / 1024 }' "/proc/${pids[i]}/status")" \
			>>"$scratch/idle/all"
		daemon_end "${pids[i]}"
	done
}

row_idle_memory() {
	idle_all
	while read -r _ used; do
		sample idle-memory "$used"
	done <"$scratch/idle/all"
}

row_idle_wakeups() {
	idle_all
	while read -r woken _; do
		sample idle-wakeups "$woken"
	done <"$scratch/idle/all"
}

# first DIRECTORY: milliseconds from the start of a daemon to its first request, in $first.
first() {
	local begun

	sink_empty
	: >"$memory/access.log"
	begun=$(date +%s%N)
	daemon_begin "$1"
	wait_for 120 test -s "$memory/access.log" || fail "start: nothing was installed"
	first=$(awk -v begun="$begun" 'NR == 1 { if ($4 !~ /^2/) exit 1
		printf "%.1f", ($1 - $2) * 1000 - begun / 1000000 }' "$memory/access.log") ||
		fail "start: $(head -n 1 "$memory/access.log")"
	daemon_end "$daemon"
}

row_start() {
	local name small i

	sink_stop
	sink_start "$memory/access.log"
	for name in small large; do
		fill "$scratch/start-$name/store.db" "$((rounds + 1))"
		pad "$scratch/start-$name/store.db" "$("queue_$name")"
		sync "$scratch/start-$name/store.db"
	done
	for i in $(seq 0 "$rounds"); do
		for name in small large; do
			sql "$scratch/start-$name/store.db" \
				"UPDATE jobs SET due_ms = 1, next_ms = 1 WHERE id = $((i + 1))"
			first "$scratch/start-$name"
			[ "$name" = large ] || small=$first
		done
		# The first of all warms the page cache.
		[ "$i" -eq 0 ] || sample start "$(ratio "$first" "$small")"
	done
	note start "$(printf '%.0f and %.0f ms, the last' "$first" "$small")"
	rm -rf "$scratch/start-small" "$scratch/start-large"
	sink_stop
	sink_start off
}

# Due instants are whole minutes by the rules, so they are written into the store past the program:
# one each 20 ms, shifted by up to 12, from some seconds on.
row_lateness() {
	local number begin worst directory=$scratch/late

	number=$(by_size 60 500 500)
	sink_stop
	sink_start "$memory/access.log"
	for _ in $(rounds); do
		fill "$directory/store.db" "$number"
		sink_empty
		: >"$memory/access.log"
		begin=$(($(date +%s%3N) + 2000))
		sql "$directory/store.db" "UPDATE jobs SET due_ms = $begin + id * 20 + id * 7 % 13,
			next_ms = $begin + id * 20 + id * 7 % 13"
		sql "$directory/store.db" "SELECT fqdn, due_ms FROM jobs" | tr '|' ' ' >"$scratch/dues"
		daemon_begin "$directory"
		daemon_ready "$directory"
		[ "$(date +%s%3N)" -lt "$begin" ] || fail "lateness: the daemon began too late"
		wait_for $((10 + number / 40)) has "$number" || fail "lateness: $(sink_has) of $number"
		wait_for 10 rests "$directory/store.db" || fail "lateness: leases are left"
		daemon_end "$daemon"
		installed lateness "$directory/store.db" "$number"
		awk 'NR == FNR { due[$1] = $2; next }
			{ sub(/.*\//, "", $3); printf "%.0f\n", ($1 - $2) * 1000 - due[$3] }' \
			"$scratch/dues" "$memory/access.log" | sort -n >"$scratch/late.ms"
		[ "$(head -n 1 "$scratch/late.ms")" -ge -1 ] || fail "lateness: something came too soon"
		worst=$(sed -n "$((number - number / 100))p" "$scratch/late.ms")
		note lateness "$(awk '{ l[NR] = $1 } END { printf "median %d, longest %d ms, the last",
			l[int((NR + 1) / 2)], l[NR] }' "$scratch/late.ms")"
		sample lateness "$worst"
	done
	sink_stop
	sink_start off
}

has() {
	[ "$(sink_has)" -ge "$1" ]
}
