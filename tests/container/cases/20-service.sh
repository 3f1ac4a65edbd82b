# shellcheck shell=bash disable=SC2086,SC2154
# The service as systemd has it: the journal, reloading, dying, the watchdog, stopping, limits.
# shellcheck source=tests/container/lib.sh
. /tree/tests/container/lib.sh

# ---- the journal ----

check "the journal has it by contract" 1 \
	"$(entries -u $unit CONTRACT=ssl-one SERVICE=webhg2 OUTCOME=installed)"
entry=$(journalctl -q --no-pager -o json -u $unit CONTRACT=ssl-one OUTCOME=installed)
for field in JOB_ID FQDN FINGERPRINT ATTEMPT; do
	check "with $field" 1 "$(grep -c "\"$field\":\"" <<<"$entry")"
done
check "and as certinstalld's" 1 \
	"$(grep '"SYSLOG_IDENTIFIER":"certinstalld"' <<<"$entry" | grep -c '"PRIORITY":"6"')"
check "no secret is in it" 0 "$(journalctl -q --no-pager -o json | grep -cF \
	-e "$(cat $estate/token)" -e "$(cat $lab/sealing.key)" -e 'PRIVATE KEY')"
if ls /usr/lib/systemd/catalog/certinstalld* >/dev/null 2>&1; then
	holds "it has a catalogue entry" grep -q '"MESSAGE_ID":"' <<<"$entry"
	check "which journalctl -x explains" yes \
		"$([ "$(journalctl -q --no-pager -x -u $unit CONTRACT=ssl-one OUTCOME=installed |
			grep -c '^░░')" -gt 2 ] && echo yes)"
else
	echo "# no catalogue yet"
fi

# What limits other services' lines does not limit these. A control: those of another are lost.
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\nRateLimitIntervalSec=1h\nRateLimitBurst=20\n' >/run/systemd/journald.conf.d/case.conf
systemctl restart systemd-journald
systemctl restart $unit
$build/tests/tools/make-estate --out $estate records --count 1500 --keys 1 --key ec-p256 \
	--services webhg2 --at 2036-11-21T10:00:00+09:00 --file $lab/many.ndjson >/dev/null
install -m 640 -o certinstalld $lab/many.ndjson $spool/.many && mv $spool/.many $spool/many.ndjson
all_told() {
	[ "$(entries -u $unit SERVICE=webhg2 OUTCOME=accept)" -ge 1500 ]
}
holds "a morning's lines are all there" wait_for 60 all_told
systemd-run --quiet --wait --unit=babble bash -c 'for i in {1..1500}; do echo line $i; done'
journalctl --sync
check "where another service's are cut off" yes \
	"$([ "$(entries -u babble)" -lt 1000 ] && echo yes || entries -u babble)"
rm /run/systemd/journald.conf.d/case.conf
systemctl restart systemd-journald
systemctl restart $unit

# ---- reloading ----

pid=$(main_pid)
cp $etc/certinstalld.conf $lab/good.conf
echo 'concurrency = 7' >>$etc/certinstalld.conf
mark=$(date '+%F %T')
systemctl reload $unit
holds "reload: read again" wait_for 30 journal_says 'certinstalld.conf: read again' --since "$mark"
cp $lab/good.conf $etc/certinstalld.conf
echo 'concurrency = "many"' >>$etc/certinstalld.conf
systemctl reload $unit
holds "a bad one: it says so" wait_for 30 journal_says 'stays as it was: .*concurrency' --since "$mark"
check "and goes on, the same process" "active $pid" "$(systemctl is-active $unit) $(main_pid)"
put two
holds "with its work" wait_for 60 installed two

# ---- a configuration that is wrong ----

drop_in 'RestartSec=100ms'
systemctl restart $unit >/dev/null 2>&1
holds "wrong at the start: failed" wait_for 30 systemctl is-failed $unit
check "with exit status 2, and not tried again" "2 0" \
	"$(property $unit ExecMainStatus) $(property $unit NRestarts)"
cp $lab/good.conf $etc/certinstalld.conf

# ---- what lasts and passes ----

systemctl reset-failed $unit
mv $store $lab/store.db.away
mkdir $store
mark=$(date '+%F %T')
systemctl start $unit --no-block
restarted() {
	[ "$(property $unit NRestarts)" -ge "$1" ]
}
holds "a store that cannot be opened: tried again" wait_for 60 restarted 2
holds "which is exit status 3" wait_for 30 journal_says 'code=exited, status=3' --since "$mark"
rmdir $store
mv $lab/store.db.away $store
holds "and it comes back by itself" wait_for 60 systemctl is-active $unit
put three
holds "to its work" wait_for 60 installed three

# ---- a daemon that hangs ----

systemctl reset-failed $unit
drop_in 'WatchdogSec=2s' 'RestartSec=100ms'
systemctl restart $unit
pid=$(main_pid)
mark=$(date '+%F %T')
kill -STOP "$pid"
put four
other_pid() {
	[ "$(main_pid)" != 0 ] && [ "$(main_pid)" != "$pid" ] && systemctl -q is-active $unit
}
holds "the watchdog ends it, and it runs again" wait_for 60 other_pid
says_systemd() {
	journalctl -q --no-pager -o cat -u $unit --since "$mark" | grep -qE "$1"
}
holds "by SIGABRT" wait_for 10 says_systemd 'code=killed, status=6/ABRT'
check "without a core" 0 "$(says_systemd 'code=dumped' && echo dumped || echo 0)"
check "none would be written" "0 0" \
	"$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$(main_pid)/limits")"
check "and its memory is root's to look at" root "$(stat -c %U "/proc/$(main_pid)/environ")"
holds "the queue goes on" wait_for 60 installed four
systemctl kill --signal=SEGV $unit
pid=$(main_pid)
put five
holds "a crash, likewise" wait_for 60 installed five
check "without a core, too" 0 "$(says_systemd 'code=dumped' && echo dumped || echo 0)"
drop_none

# ---- stopping with a push in flight ----

systemctl restart $unit
faults '"service":"webhg2","fault":"delay-before","delay_ms":59000' >/dev/null
put six
in_flight() {
	[ "$(query "select state from jobs where service_code = 'six'")" = 3 ]
}
holds "a push is in flight" wait_for 60 in_flight
begin=$(now_ms)
systemctl stop $unit 2>/dev/null
took=$(($(now_ms) - begin))
check "it stops within its bound, well" "yes success" \
	"$([ $took -lt 20000 ] && echo yes || echo "$took ms") $(property $unit Result)"
check "the job is back in the queue" "5 0" \
	"$(query "select state, lease_token is not null from jobs where service_code = 'six'" | tr '|' ' ')"
control DELETE >/dev/null
systemctl start $unit
holds "and is installed after the next start" wait_for 60 installed six
check "with one effect" 1 "$(effects six)"
lib_end
