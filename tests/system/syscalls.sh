#!/usr/bin/env bash
# System calls that fail on order, by strace's injection: the program says what is wrong, in a line
# and not in a flood, keeps what it has, acknowledges nothing that it did not store, and goes on by
# itself when the calls succeed again. One line a case in the tables below.
#   syscalls.sh [--sweep] [--seed S] [PATTERN]   the cases whose name matches; --sweep: every place
#                    of a run at which a call can fail, one at a time, and not a sample by the seed
# shellcheck disable=SC2034,SC2119,SC2154
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# CALL:ERROR, how, what the log must say.
#   talk   fails from now on while records arrive, and is told
#   mute   the same, where the program gets around it, or the call is not sure to come
#   push   fails while what was taken is to be sent, and is told
#   ends   the daemon ends over it, says why, and the next one goes on
daemon_cases='
fdatasync:EIO         talk  store\.db: disk error.*is kept
fdatasync:ENOSPC      talk  store\.db: .*(disk error|full).*is kept
pwrite64:EIO          talk  store\.db: disk error.*is kept
pwrite64:ENOSPC       talk  store\.db: the disk is full.*is kept
pwrite64:EROFS        talk  store\.db: disk error.*is kept
pread64:EIO           talk  store\.db: .*cannot be read
fcntl:ENOLCK          mute  store
openat:EMFILE         talk  spool: cannot be read: Too many open files
openat:EIO            talk  spool: cannot be read: Input/output error
openat:ENOMEM         talk  spool: cannot be read: Cannot allocate memory
openat:EMFILE         push  token: .*Too many open files
openat:EIO            push  token: .*Input/output error
getdents64:EIO        talk  spool: cannot be read: Input/output error
newfstatat:EIO        mute  Input/output error
read:EIO              mute  .
flock:ENOLCK          mute  .
renameat2:EIO         talk  2\.json: .*cannot be renamed.*Input/output
renameat2:EROFS       talk  2\.json: .*cannot be renamed.*Read-only
unlinkat:EIO          talk  cannot be deleted: Input/output
unlinkat:EROFS        talk  cannot be deleted: Read-only
fsync:EIO             talk  spool: cannot be synced: Input/output
socket:EMFILE         push  Too many open files
socket:ENOMEM         push  Cannot allocate memory
connect:EIO           push  Input/output error
connect:ENOMEM        push  Cannot allocate memory
connect:ENETUNREACH   push  unreachable
sendto:ECONNRESET     push  Connection reset
epoll_ctl:ENOMEM      ends  the event loop: .*Cannot allocate memory
epoll_ctl:ENOSPC      ends  the event loop: .*No space
getrandom:EIO         ends  no random bytes: Input/output error
'

# CALL:ERROR that fails once, somewhere in a --run-once.
run_cases='
fdatasync:EIO
fsync:EIO
pwrite64:EIO
pwrite64:ENOSPC
pread64:EIO
openat:EIO
openat:EMFILE
openat:ENOMEM
fcntl:EIO
ftruncate:ENOSPC
mmap:ENOMEM
renameat2:EIO
unlinkat:EIO
getdents64:EIO
socket:EMFILE
connect:ENOMEM
epoll_ctl:ENOMEM
getrandom:EIO
timerfd_create:EMFILE
eventfd2:EMFILE
clone3:EAGAIN
'
slices=3
slice=
places=2
seed=$(($(date +%s) % 32768))
while [ $# -gt 0 ]; do
	case $1 in
	--sweep) places=all ;;
	--places) places=$2 && shift ;;
	--seed) seed=$2 && shift ;;
	--slice) slice=$2 && shift ;;
	*) break ;;
	esac
	shift
done
only=${1:-.}

# ---- the parts, side by side: most of the time is waiting ----

if [ -z "$slice" ]; then
	echo "# the same places again: $0 --seed $seed"
	parts=$(mktemp -d)
	for ((slice = 0; slice < slices; slice++)); do
		"$0" --places "$places" --seed "$seed" --slice "$slice" "$only" >"$parts/$slice" 2>&1 &
		pids[slice]=$!
	done
	status=0
	for ((slice = 0; slice < slices; slice++)); do
		wait "${pids[slice]}" || status=$?
		cat "$parts/$slice"
	done
	rm -rf "$parts"
	exit $status
fi

# ---- records ----

prepare() {
	local i

	mkdir "$scratch/records"
	for i in 1 2 3 4; do
		"$build/tests/tools/make-estate" --out "$estate" record --contract "ssl$i" \
			--common-name "www$i.example.jp" --key ec-p256 \
			--link "$(cut -d ' ' -f "$i" <<<'webhg2 docex cloud-hosting webhg2'):c$i:www$i.example.jp" \
			--at 2026-11-02T10:00:00+09:00 --days 8000 \
			--file "$scratch/records/$i.json"
	done
}

# begin: an empty store, and service codes that were never used, so that each effect is seen.
round=0
begin() {
	fresh
	round=$((round + 1))
}

arrive() {
	local i

	for i; do
		sed "s/\"service_code\":\"c/&$round-/" "$scratch/records/$i.json" >"$spool/.$i"
		mv "$spool/.$i" "$spool/$i.json"
	done
}

spooled() {
	find "$spool" -maxdepth 1 -name '[!.]*.json' | wc -l
}

# stored: as a copy of the store tells, whose recovery stays the program's; 0 without a store.
stored() {
	rm -rf "$scratch/copy"
	mkdir "$scratch/copy"
	cp "$scratch"/store/store.db* "$scratch/copy/" 2>/dev/null
	rm -f "$scratch/copy/store.db-shm"
	sqlite3 "$scratch/copy/store.db" 'SELECT count(*) FROM contracts' 2>/dev/null || echo 0
}

# all_kept ARRIVED: the spool first, since the daemon may be taking what is there.
all_kept() {
	[ $(($1 - $(spooled) - $(stored))) -le 0 ]
}

# nothing_lost NAME ARRIVED: what is gone from the spool is in the store. A copy of a store at work
# may be torn; the next one is not.
nothing_lost() {
	holds "$1: nothing is acknowledged that is not stored" wait_for 3 all_kept "$2"
}

# once NAME COUNT: each record of this round had one effect, and all its pushes one key.
once() {
	local lines

	lines=$(grep "\"code\":\"c$round-" "$scratch/ledger")
	check "$1: each effect once, under one key" "$2 $2" \
		"$(grep -c '"effect":true' <<<"$lines") $(grep -o '"idempotency_key":"[^"]*"' <<<"$lines" |
			sort -u | wc -l)"
}

all_installed() {
	[ "$(spooled)" -eq 0 ] &&
		[ "$(sqlite3 -readonly "$scratch/store/store.db" \
			'SELECT count(*) FROM jobs WHERE state = 6' 2>/dev/null)" = "$1" ]
}

retrying() {
	[ "$(sqlite3 -readonly "$scratch/store/store.db" \
		'SELECT count(*) FROM jobs WHERE state = 5' 2>/dev/null)" = "$1" ]
}

# ---- the daemon ----

injected_to() {
	[ "$(grep -c INJECTED "$scratch/trace")" -ge "$1" ]
}

said() {
	tail -n +"$((before + 1))" "$log" | grep -qE -- "$1"
}

died() {
	! kill -0 "$daemon_pid" 2>/dev/null
}

attached() {
	grep -q 'attached' "$scratch/strace" || ! kill -0 "$strace_pid" 2>/dev/null
}

# fault_on CALL:ERROR: from now on, in the daemon, until fault_off.
fault_on() {
	: >"$scratch/trace"
	strace -f -e signal=none -e "trace=${1%:*}" -e "inject=${1/:/:error=}" \
		-o "$scratch/trace" -p "$daemon_pid" 2>"$scratch/strace" &
	strace_pid=$!
	wait_for 120 attached
	grep -q 'attached' "$scratch/strace"
}

fault_off() {
	# A script's background process has SIGINT ignored, and so has strace.
	kill -TERM "$strace_pid" 2>/dev/null
	wait "$strace_pid" 2>/dev/null
}

daemon_case() {
	local call=$1 how=$2 pattern=$3 name="$1 ($2)" lines most=3

	begin
	before=0
	daemon_start
	arrive 1
	holds "$name: works before" wait_for 120 all_installed 1
	if [ "$how" = push ]; then
		faults '"service":"*","from":1,"to":1000,"fault":"status","status":503'
		arrive 2 3
		holds "$name: is to be sent" wait_for 120 retrying 2
	fi
	before=$(wc -l <"$log")
	# What was read of the token's file is kept until the file is another.
	touch "$estate/token"
	fault_on "$call"
	if [ "$how" = push ]; then
		control DELETE >"$scratch/out"
	else
		arrive 2 3
	fi
	[ "$how" = mute ] || holds "$name: is told: $pattern" wait_for 120 said "$pattern"
	if [ "$how" = ends ]; then
		holds "$name: ends" wait_for 120 died
		fault_off
		wait "$daemon_pid" 2>/dev/null
		nothing_lost "$name" 3
		daemon_start
	else
		# As many times as show a flood; not every call comes so often.
		wait_for 2 injected_to 12
		lines=$(tail -n +"$((before + 1))" "$log" | grep -cE '^[^ ]+ (error|warning):|\[warn\]')
		# A retried job has a line each try.
		[ "$how" != push ] || most=24
		check "$name: told without a flood" yes \
			"$([ "$lines" -le $most ] && echo yes || echo "$lines lines")"
		nothing_lost "$name" 3
		check "$name: lives" yes "$(died && echo no || echo yes)"
		fault_off
	fi
	arrive 4
	holds "$name: goes on by itself" wait_for 120 all_installed 4
	daemon_stop
	check "$name: ends well" 0 "$status"
	once "$name" 4
	[ -z "${SHOW:-}" ] || sed "s/^/# | /" "$log"
	echo "# $name: $(grep -c INJECTED "$scratch/trace") calls failed, ${lines:-1} lines of complaint"
}

# ---- a run ----

# run_under CALL:ERROR:when=N|- : a --run-once; $status.
run_under() {
	strace -f -e signal=none -e "trace=${1%%:*}" ${2:+-e "inject=$2"} -o "$scratch/trace" \
		"$build/certinstalld" --config "$conf" --run-once --wait 2m \
		>"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
}

# The most often that a thread of a run without faults makes the call.
calls_of() {
	begin
	arrive 1 2
	run_under "$1" ''
	awk '/ resumed>/ { next } { n[$1]++ } END { for (t in n) if (n[t] > m) m = n[t]; print m + 0 }' \
		"$scratch/trace"
}

run_case() {
	local call=$1 name place most wanted

	most=$(calls_of "${call%:*}")
	if [ "$places" = all ]; then
		wanted=$(seq "$most")
	else
		wanted=$(for ((place = 0; place < places && most > 0; place++)); do
			echo $((RANDOM % most + 1))
		done | sort -nu)
	fi
	for place in $wanted; do
		name="run once, $call at call $place"
		begin
		arrive 1 2
		run_under "$call" "${call/:/:error=}:when=$place"
		# What cannot go on aborts (134); without memory the loader may not even begin (127).
		check "$name: a status that it has" yes \
			"$(case $status in 0 | 1 | 2 | 3 | 127 | 134) echo yes ;; *) echo "$status" ;; esac)"
		check "$name: what is not done is told" yes \
			"$([ "$status" -eq 0 ] || grep -qE '.' "$scratch/err" && echo yes)"
		check "$name: told without a flood" yes \
			"$([ "$(grep -cE '^[^ ]+ (error|warning):' "$scratch/err")" -le 6 ] && echo yes)"
		nothing_lost "$name" 2
		run_under "$call" ''
		check "$name: the next run does the rest" "0 0" "$status $(spooled)"
		once "$name" 2
	done
	[ -n "$wanted" ] || echo "# $call: never called"
}

system_begin
RANDOM=$((seed + slice))
mock_start
# A circuit that opened under the faults is tried soon after them.
site_lines='  circuit-probe = "1s"
  circuit-probe-ceiling = "1s"
  total-timeout = "1s"
  stall-timeout = "1s"
  connect-timeout = "1s"
  verify-timeout = "500ms"
  verify-grace = "3s"'
write_config 'lease = "2s"' 'retry-floor = "200ms"' 'retry-ceiling = "1s"' 'spool-poll = "250ms"'
sed -i 's|^  verify-interval.*|  verify-interval = "100ms"|' "$conf"
prepare

if grep -q __asan_init "$build/certinstalld"; then
	echo "SKIPPED: syscalls.sh: the address sanitizer does not go with strace; build without it"
	exit 77
fi
begin
before=0
daemon_start
if ! fault_on fsync:EIO; then
	echo "SKIPPED: syscalls.sh: strace cannot watch the daemon here: $(tail -n 1 "$scratch/strace")"
	exit 77
fi
fault_off
daemon_stop

# A signature that cannot be made says nothing of a key.
if [ "$slice" -eq 0 ] && [[ "getrandom:EIO explain" =~ $only ]]; then
	strace -f -e signal=none -e trace=getrandom -e inject=getrandom:error=EIO -o "$scratch/trace" \
		"$build/certinstallctl" explain --json "$scratch/records/1.json" \
		>"$scratch/out" 2>"$scratch/err" </dev/null
	check "explain, without random bytes: no verdict" "134 0" "$? $(grep -c verdict "$scratch/out")"
	says "explain, without random bytes: says so" 'no random bytes: Input/output error' "$scratch/err"
fi

# is_ours CALL HOW: a case of this slice that is wanted.
number=0
is_ours() {
	number=$((number + 1))
	[ $((number % slices)) -eq "$slice" ] && [[ -n $1 && "$1 $2" =~ $only ]]
}

while read -r call how pattern; do
	is_ours "$call" "$how" && daemon_case "$call" "$how" "$pattern"
done <<<"$daemon_cases"
while read -r call; do
	is_ours "$call" run && run_case "$call"
done <<<"$run_cases"
system_end
