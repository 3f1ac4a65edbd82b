# shellcheck shell=bash disable=SC2034,SC2154
# What the rows of scripts/bench share; sourced by it. The sink is nginx, which takes whole bodies by
# PUT onto a tmpfs, and serves as the edge what was put: each handshake loads the file of that name.

bench_programs="tests/tools/make-estate tests/tools/measure tests/tools/slow-sync.so
	tests/bench/claims tests/bench/handshakes tests/bench/plain_checks"

fail() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

# sample ROW VALUE: one measurement.
sample() {
	printf '%s\t%s\n' "$1" "$2" >>"$scratch/samples"
	printf '   %s\n' "$2"
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { if (b <= 0) exit 1; printf "%.4f", a / b }'
}

# The processors that this process may use, a line each.
processors() {
	sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status | tr ',' '\n' |
		awk -F - '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }'
}

bench_begin() {
	local cpus

	memory=$(mktemp -d /dev/shm/certinstalld-bench.XXXXXX)
	[ "$(stat -f -c %T "$memory")" = tmpfs ] || fail "/dev/shm is no tmpfs"
	mkdir "$scratch/run" "$scratch/stores" "$scratch/services.d"
	: >"$scratch/samples"
	: >"$scratch/notes"
	on_client=()
	on_sink=()
	mapfile -t cpus < <(processors)
	if [ ${#cpus[@]} -ge 2 ]; then
		on_client=(taskset -c "${cpus[0]}")
		on_sink=(taskset -c "${cpus[1]}")
	fi
	PATH=$PATH:/usr/sbin:/sbin
	command -v nginx >/dev/null || unpack nginx ||
		fail "nginx is not to be had: $(cat "$scratch/package.log")"
	# What a service by WebDAV looks like: as cloud-hosting, one PEM file.
	cat >"$scratch/services.d/sink.conf" <<-PROFILE
		name = "sink"
		business-days = 1
		bring-in = "optional"
		method = "PUT"
		path = "/sink/{code}/{fqdn}"
		body = "pem-bundle"
		success = {201, 204}
	PROFILE
	site=yes
	edge=no
	sink_start off
}

bench_end() {
	[ "$?" -eq 0 ] || echo "bench: ended before its end" >&2
	[ -z "${sink_pid:-}" ] || kill "$sink_pid" 2>/dev/null || true
	for pid in ${daemons:-}; do
		kill "$pid" 2>/dev/null || true
	done
	wait
	rm -rf "$memory"
	scratch_end
}

# sink_start LOG: "off", or a file that gets a line a request: when it began in seconds, its path.
sink_start() {
	local log=$1

	[ "$log" = off ] || log="$log begun"
	for _ in 1 2 3 4 5; do
		api_port=$(free_port)
		edge_port=$(free_port)
		sink_config "$log"
		"${on_sink[@]}" nginx -e "$scratch/nginx.log" -c "$memory/nginx.conf" &
		sink_pid=$!
		! wait_for 5 listens "$edge_port" || ! kill -0 "$sink_pid" 2>/dev/null || return 0
		sink_stop
	done
	fail "nginx: $(tail -n 3 "$scratch/nginx.log")"
}

sink_stop() {
	kill "$sink_pid" 2>/dev/null || true
	wait "$sink_pid" 2>/dev/null || true
	sink_pid=
}

sink_config() {
	mkdir -p "$memory/put" "$memory/temporary"
	cat >"$memory/nginx.conf" <<-CONFIG
		daemon off;
		master_process off;
		pid $memory/nginx.pid;
		worker_rlimit_nofile 8192;
		events { worker_connections 4096; }
		http {
		  log_format begun '\$msec \$request_time \$uri \$status';
		  access_log $1;
		  client_body_temp_path $memory/temporary;
		  proxy_temp_path $memory/temporary;
		  fastcgi_temp_path $memory/temporary;
		  uwsgi_temp_path $memory/temporary;
		  scgi_temp_path $memory/temporary;
		  keepalive_requests 1000000000;
		  keepalive_timeout 1h;
		  server {
		    listen 127.0.0.1:$api_port ssl http2;
		    ssl_certificate $estate/server.pem;
		    ssl_certificate_key $estate/server.key;
		    location ~ ^/sink/[^/]+/([a-z0-9.-]+)\$ {
		      alias $memory/put/\$1;
		      dav_methods PUT;
		      dav_access user:rw;
		      client_max_body_size 64k;
		      limit_except PUT { deny all; }
		    }
		  }
		  server {
		    listen 127.0.0.1:$edge_port ssl;
		    ssl_certificate $memory/put/\$ssl_server_name;
		    ssl_certificate_key $memory/put/\$ssl_server_name;
		    return 204;
		  }
		}
	CONFIG
}

# Forgets all that was put.
sink_empty() {
	rm -rf "$memory/put"
	mkdir "$memory/put"
}

sink_has() {
	find "$memory/put" -type f -size +0 | wc -l
}

# config FILE STORE SPOOL [LINE…]: with the site unless site=no, with an edge if edge=yes.
config() {
	local file=$1 store=$2 incoming=$3 line

	shift 3
	{
		cat <<-CONFIG
			store = "$store"
			spool = "$incoming"
			services-dir = "$scratch/services.d"
			runtime-dir = "$(dirname "$store")/run"
			user = ""
			sealing-key = "$estate/sealing.key"
			trust = "$estate/root.pem"
			intermediates = "$estate/intermediate.pem"
		CONFIG
		for line; do
			printf '%s\n' "$line"
		done
		if [ "$site" = yes ]; then
			cat <<-SITE
				site sink {
				  endpoint = "https://127.0.0.1:$api_port"
				  token = "$estate/token"
				  ca = "$estate/root.pem"
				  http = "1.1"
				  concurrency = ${at_once:-$connections}
			SITE
			[ "$edge" = no ] || printf '  edge = "127.0.0.1:%s"\n' "$edge_port"
			printf '}\n'
		fi
	} >"$file"
}

# records COUNT: $records, so many of them, each with a certificate and a key of its own unless --keys
# says otherwise. Making keys takes longest, so a smaller file is the beginning of the first, and keys
# are kept in the built tree for the next time.
records() {
	records=$scratch/records.$1.ndjson
	[ ! -e "$records" ] || return 0
	if [ "$1" -lt "$count" ]; then
		records "$count"
		head -n "$1" "$records" >"$scratch/records.$1.ndjson"
		records=$scratch/records.$1.ndjson
	else
		"$build/tests/tools/make-estate" --out "$estate" records --count "$1" \
			--keys "${keys:-$count}" --key rsa-2048 --kept "$build/bench-keys.pem" \
			--services sink --file "$records"
	fi
}

# The body that is sent for the first record: key, leaf, intermediate.
body() {
	[ ! -e "$scratch/body" ] || return 0
	records "$count"
	bundle 1 "$scratch/body"
}

# bundle NUMBER FILE: of a record of $records; FILE.key, FILE.leaf, FILE.chain, FILE.name as well.
bundle() {
	local line

	line=$(sed -n "$1{p;q}" "$records")
	sed -n 's/.*"private_key":"\([^"]*\)".*/\1/p' <<<"$line" | sed 's/\\n/\n/g' >"$2.key"
	sed -n 's/.*"pem":"\([^"]*\)".*/\1/p' <<<"$line" | sed 's/\\n/\n/g' >"$2.pem"
	sed -n 's/.*"common_name":"\([^"]*\)".*/\1/p' <<<"$line" >"$2.name"
	sed '/-END CERTIFICATE-/q' "$2.pem" >"$2.leaf"
	sed '1,/-END CERTIFICATE-/d' "$2.pem" >"$2.chain"
	sed '/^$/d' "$2.key" "$2.leaf" "$2.chain" >"$2"
}

# names COUNT: $names, the host names of the first records, a line each.
names() {
	names=$scratch/names.$1
	sed -n "1,$1{s/.*\"common_name\":\"\([^\"]*\)\".*/\1/p}" "$records" >"$names"
}

# sql STORE STATEMENTS
sql() {
	sqlite3 -bail "$1" "$2" || fail "$1: SQLite"
}

# program NAME RECORDS CONFIG [ARGUMENT…]: the program once, alone on the client's processor; leaves
# its records a second in $rate, its processor time in us a record in $cpu, and its peak of memory in
# MB in $peak. $around goes before it.
around=()
program() {
	local name=$1 number=$2 conf=$3 status=0 perf=() measured

	shift 3
	[ -z "$profile" ] || perf=(perf record -q -g -o "$profile/$name.data")
	"$build/tests/tools/measure" "$scratch/measured" ${around[@]+"${around[@]}"} \
		${perf[@]+"${perf[@]}"} "$build/certinstalld" --config "$conf" --run-once "$@" \
		>"$scratch/out" 2>"$scratch/log" || status=$?
	[ "$status" -eq 0 ] || {
		tail -n 20 "$scratch/log" "$scratch/out" >&2
		fail "$name: certinstalld ended with status $status"
	}
	read -r -a measured <"$scratch/measured"
	# What ends at once took less than a millisecond.
	rate=$(ratio "$((number * 1000))" "$((measured[0] > 0 ? measured[0] : 1))")
	cpu=$(ratio "$(((measured[1] + measured[2]) * 1000))" "$number")
	peak=$(ratio "${measured[3]}" 1024)
}

# fill STORE COUNT: takes in so many records; nothing is sent. Kept, since each row begins with it.
fill() {
	local kept=$scratch/stores/$2.db around=()

	records "$2"
	if [ ! -e "$kept" ]; then
		rm -rf "$scratch/filling"
		mkdir "$scratch/filling"
		intake "$scratch/filling" "$records" "$2"
		sql "$scratch/filling/store.db" "PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
		mv "$scratch/filling/store.db" "$kept"
	fi
	store_put "$kept" "$1"
}

# store_put KEPT STORE: a copy, on the disk before anything is measured.
store_put() {
	rm -f "$2" "$2-wal" "$2-shm"
	mkdir -p "$(dirname "$2")"
	cp "$1" "$2"
	chmod 600 "$2"
	sync "$2"
}

# intake DIRECTORY RECORDS COUNT [LINE…]: into a store there that is new; its rate is in $rate.
intake() {
	local directory=$1 from=$2 number=$3 stored

	shift 3
	rm -rf "$directory"
	mkdir -p "$directory/spool"
	cp "$from" "$directory/spool/records.ndjson"
	sync "$directory/spool/records.ndjson"
	site=no config "$directory/conf" "$directory/store.db" "$directory/spool" "$@"
	program intake "$number" "$directory/conf"
	[ -z "$(ls "$directory/spool")" ] || fail "intake: something was left in the spool"
	# 2 is "scheduled" in the store's schema, 6 "installed".
	stored=$(sql "$directory/store.db" "SELECT count(*) FROM jobs WHERE state = 2")
	[ "$stored" -eq "$number" ] || fail "intake: $stored of $number jobs in the store"
}

# drain NAME DIRECTORY COUNT: of all that is in the store there, with every body at the sink after it.
drain() {
	local directory=$2

	sink_empty
	mkdir -p "$directory/spool"
	config "$directory/conf" "$directory/store.db" "$directory/spool" \
		"concurrency = $connections"
	program "$1" "$3" "$directory/conf" --ignore-due
	installed "$1" "$directory/store.db" "$3"
}

# installed NAME STORE COUNT: that many are, by the store and at the sink, and each push was answered
# with 2xx: what was sent again in the end is not what was to be measured.
installed() {
	local stored found refused

	stored=$(sql "$2" "SELECT count(*) FROM jobs WHERE state = 6")
	found=$(sink_has)
	[ "$stored" -eq "$3" ] || fail "$1: $stored of $3 are installed in the store"
	[ "$found" -eq "$3" ] || fail "$1: $found of $3 bodies are at the sink"
	# 1 is a push in the store's schema.
	refused=$(sql "$2" "SELECT count(*) FROM attempts
		WHERE kind = 1 AND status NOT BETWEEN 200 AND 299")
	[ "$refused" -eq 0 ] || fail "$1: $refused pushes were not answered with 2xx"
}

# pad STORE COUNT: jobs that are due in a week and later, written past the program as fast as SQLite
# can: with certificates and contracts, without keys.
pad() {
	local trigger

	trigger=$(sql "$1" "SELECT sql || ';' FROM sqlite_schema WHERE name = 'jobs_counted_in'")
	sql "$1" "
		PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000;
		PRAGMA locking_mode = EXCLUSIVE;
		BEGIN; DROP TRIGGER jobs_counted_in;
		CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS
		  (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) SELECT i FROM n;
		CREATE TEMP TABLE t AS SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000 + 604800000 AS ms;
		INSERT INTO contracts(code, revision, content_hash, updated_ms, snapshot)
		  SELECT printf('fill%010d', i), 1, zeroblob(32), 0, '{}' FROM n;
		INSERT INTO certificates(id, fingerprint, not_before_ms, not_after_ms, key)
		  SELECT 100000000 + i, CAST(printf('%032d', i) AS BLOB), 0, ms * 2, 'rsa-2048' FROM n, t;
		INSERT INTO jobs(contract, service, service_code, fqdn, certificate_id, state, base_ms,
		  due_ms, next_ms, attempts, first_attempt_ms, pushed_ms, settled_ms, idempotency_key,
		  detail)
		  SELECT printf('fill%010d', i), 'sink', printf('fil%010d', i),
		  printf('www%010d.fill.example.jp', i), 100000000 + i, 2, ms,
		  ms + i * 7919 % 864000000, ms + i * 7919 % 864000000, 0, 0, 0, 0,
		  printf('%032d', i), '' FROM n, t;
		$trigger
		UPDATE job_counts SET count = count + $2 WHERE service = 'sink' AND state = 2;
		COMMIT; PRAGMA journal_mode = WAL;" >/dev/null
}

# multiply STORE TIMES: each job again for other hosts, with the same certificate.
multiply() {
	sql "$1" "
		PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; BEGIN;
		WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
		INSERT INTO jobs(contract, service, service_code, fqdn, certificate_id, state, base_ms,
		  due_ms, next_ms, attempts, first_attempt_ms, pushed_ms, settled_ms, idempotency_key,
		  detail, issued_ms)
		  SELECT contract, service, service_code || 'x' || i, 'x' || i || '.' || fqdn,
		  certificate_id, state, base_ms, due_ms, next_ms, 0, 0, 0, 0,
		  printf('%04d', i) || substr(idempotency_key, 5), detail, issued_ms
		  FROM jobs, n WHERE $2 > 1;
		COMMIT; PRAGMA wal_checkpoint(TRUNCATE);" >/dev/null
	sync "$1"
}

# daemon_begin DIRECTORY [LINE…]: of the store there; its process is $daemon.
daemon_begin() {
	local directory=$1

	shift
	mkdir -p "$directory/spool"
	config "$directory/conf" "$directory/store.db" "$directory/spool" \
		'spool-poll = "1h"' "$@"
	"${on_client[@]}" "$build/certinstalld" --config "$directory/conf" 2>"$directory/log" &
	daemon=$!
	daemons="${daemons:-} $daemon"
}

daemon_ready() {
	wait_for 60 grep -q 'ready: store' "$1/log" || fail "the daemon: $(tail -n 3 "$1/log")"
}

# daemon_end PID
daemon_end() {
	kill "$1"
	wait "$1" || fail "the daemon ended badly"
	daemons=$(printf '%s' "$daemons" | sed "s/\\b$1\\b//")
}

# table ROW…: what was measured of them, beside what is to be reached.
table() {
	bench_rows >"$scratch/rows"
	awk -v wanted="$*" '
		function sorted(row,    i, j, n, swap) {
			n = counts[row]
			for (i = 1; i <= n; i++)
				list[i] = samples[row, i]
			for (i = 2; i <= n; i++)
				for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
					swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap
				}
			return n
		}
		function median(n) {
			return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
		}
		function figure(value) {
			return sprintf(value < 0.1 ? "%.4f" : value < 10 ? "%.2f" : "%.1f", value)
		}
		function meets(value, sense, goal) {
			return sense == "min" ? value >= goal : value <= goal
		}
		FILENAME ~ /samples$/ { split($0, f, "\t"); samples[f[1], ++counts[f[1]]] = f[2]; next }
		FILENAME ~ /notes$/ { split($0, f, "\t"); notes[f[1]] = f[2]; next }
		{ split($0, f, "|"); for (i = 2; i <= 7; i++) def[f[1], i] = f[i] }
		END {
			line = "%-66s %24s %8s %6s  %s\n"
			printf line, "what", "median (min - max)", "at least", "aim", "reached"
			m = split(wanted, rows, " ")
			for (k = 1; k <= m; k++) {
				row = rows[k]
				sign = def[row, 2] == "min" ? "" : "<= "
				unit = def[row, 6] == "" ? "" : " " def[row, 6]
				what = def[row, 3]
				n = sorted(row)
				if (n == 0 && !(row in notes)) {
					printf "bench: %s: no figure\n", row >"/dev/stderr"
					exit 1
				}
				if (n == 0) {
					printf line, what, notes[row], sign def[row, 4], sign def[row, 5], "no"
					continue
				}
				value = median(n) + 0
				reached = !meets(value, def[row, 2], def[row, 4]) ? "no" : \
					!meets(value, def[row, 2], def[row, 5]) ? "yes" : "aim"
				printf line, what, figure(value) unit " (" figure(list[1] + 0) " - " \
					figure(list[n] + 0) ")", sign def[row, 4], sign def[row, 5], reached
				if (row in notes)
					printf "    %s\n", notes[row]
			}
		}' "$scratch/samples" "$scratch/notes" "$scratch/rows"
}

# note ROW TEXT: below the row, or in place of a figure.
note() {
	printf '%s\t%s\n' "$1" "$2" >>"$scratch/notes"
}
