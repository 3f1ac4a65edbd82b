# shellcheck shell=bash disable=SC2086,SC2154
# Removing leaves what is the operator's; purging leaves nothing.
# shellcheck source=tests/container/lib.sh
. /tree/tests/container/lib.sh

mv $lab/sealing.key.moved $etc/sealing.key
apt-get remove -y -qq certinstalld >$lab/remove.log 2>&1
check "removed: stopped" "inactive inactive" \
	"$(systemctl is-active $unit) $(systemctl is-active certinstalld-admin.socket)"
check "store, key and configuration stay" "yes yes yes" \
	"$([ -s $store ] && echo yes) $([ -s $etc/sealing.key ] && echo yes) $([ -s $etc/certinstalld.conf ] && echo yes)"
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold \
	$packages/new/certinstalld_*.deb >>$lab/remove.log 2>&1
holds "and serve the next installation" wait_for 30 systemctl is-active $unit
put again
holds "which goes on" wait_for 60 installed again

systemctl stop mock
apt-get purge -y -qq certinstalld certinstall-mock >$lab/purge.log 2>&1
check "purged" 0 $?
holds "without a complaint" sh -c "! grep -iE 'warning|error|cannot|failed|stays' $lab/purge.log"
check "no process is left" "" "$(pgrep -a '^certinstall')"
# What the cases made: people, and credentials, which are the operator's own.
for user in writer reader changer stranger; do userdel $user 2>/dev/null; done
rm -rf /etc/credstore.encrypted /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow-
find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /dev -o -path /tmp -o -path /var/tmp \
	-o -path /root -o -path /tree -o -path /packages -o -path /var/log -o -path /var/cache \
	-o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd \) -prune -o -print |
	sort >$lab/files-after
check "no file is left" "" "$(comm -13 $lab/files-before $lab/files-after)"
{ cut -d : -f 1 /etc/passwd && cut -d : -f 1 /etc/group; } | sort >$lab/names-after
check "no user and no group" "" "$(comm -13 $lab/names-before $lab/names-after)"
check "nothing of it anywhere" "" "$(find / -xdev \( -path /root -o -path /tree -o -path /packages \
	-o -path /proc -o -path /sys \) -prune -o -iname '*certinstall*' -print)"
check "nor in /run" "" "$(find /run -iname '*certinstall*' -not -path '/run/systemd/nspawn/*')"
check "no unit" "" "$(systemctl list-unit-files --plain --no-legend | grep certinstall)"
check "no package" "" "$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 'certinstall*' 2>/dev/null |
	grep -v not-installed)"
lib_end
