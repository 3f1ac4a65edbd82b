# shellcheck shell=bash disable=SC2086,SC2154
# A newer version of the package: state, secrets and the operator's changes stay, the daemon is
# restarted.
# shellcheck source=tests/container/lib.sh
. /tree/tests/container/lib.sh

check "the version before is there" yes \
	"$(grep -q 'version before' $etc/services.d/idgw.conf && echo yes)"
# Something in the queue, that must still be there: an install that the service does not take now.
faults '"service":"webhg2","fault":"status","status":503' >/dev/null
put waits
holds "an install waits" wait_for 60 journal_says 'ssl-waits: .*retrying'
jobs_before=$(query 'select count(*) from jobs')
key_before=$(sha256sum <$lab/sealing.key.moved)
cp $lab/sealing.key.moved $etc/sealing.key
mkdir -p /etc/systemd/system/$unit.d
printf '[Service]\nLimitNOFILE=8192\n' >/etc/systemd/system/$unit.d/own.conf
pid=$(main_pid)
mark=$(date '+%F %T')
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confdef \
	-o Dpkg::Options::=--force-confold $packages/new/*.deb >$lab/upgrade.log 2>&1
check "it installs" 0 $?
check "and is the newer one" "yes" "$(dpkg --compare-versions \
	"$(dpkg-query -W -f '${Version}' certinstalld)" gt \
	"$(dpkg-deb -f $packages/old/certinstalld_*.deb Version)" && echo yes)"
holds "the daemon runs" systemctl is-active $unit
check "it is another process, with the programs as they are now" "yes /usr/sbin/certinstalld" \
	"$([ "$(main_pid)" != "$pid" ] && echo yes) $(readlink "/proc/$(main_pid)/exe")"
check "the socket is there" active "$(systemctl is-active certinstalld-admin.socket)"
check "the one before ended well" 0 \
	"$(journalctl -q --no-pager -o cat -u $unit --since "$mark" | grep -cE 'code=(killed|dumped)|Failed')"
check "the operator's configuration stays" 1 "$(grep -c "^# The operator's own" $etc/certinstalld.conf)"
check "the new one is beside it" yes "$([ -e $etc/certinstalld.conf.dpkg-dist ] && echo yes)"
check "what was not changed is the new one's" 0 "$(grep -c 'version before' $etc/services.d/idgw.conf)"
check "a drop-in stays" 8192 "$(property $unit LimitNOFILE)"
check "the sealing key is not made anew" "$key_before" "$(sha256sum <$etc/sealing.key)"
check "the queue is as it was" "$jobs_before" "$(query 'select count(*) from jobs')"
control DELETE >/dev/null
holds "and goes on" wait_for 60 installed waits
check "once" 1 "$(effects waits)"
rm -rf /etc/systemd/system/$unit.d
systemctl daemon-reload

# A key that is lost is not made anew, which would hide that the store's keys are lost with it.
mv $etc/sealing.key $lab/sealing.key.moved
mv /etc/credstore.encrypted $lab/
dpkg-reconfigure certinstalld >/dev/null 2>&1
check "nor one that is not there" no "$([ -e $etc/sealing.key ] && echo yes || echo no)"
check "without it the daemon does not start" failed "$(systemctl is-active $unit)"
mv $lab/credstore.encrypted /etc/
systemctl restart $unit
holds "with it, it does" systemctl is-active $unit
lib_end
