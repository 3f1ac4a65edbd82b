# shellcheck shell=bash disable=SC2086,SC2154
# Installing the package: what is there then, and that the daemon runs.
# shellcheck source=tests/container/lib.sh
. /tree/tests/container/lib.sh

# All that is on the disk, but for what any program leaves, and all users and groups.
mkdir -p $lab
find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /dev -o -path /tmp -o -path /var/tmp \
	-o -path /root -o -path /tree -o -path /packages -o -path /var/log -o -path /var/cache \
	-o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd \) -prune -o -print |
	sort >$lab/files-before
{ cut -d : -f 1 /etc/passwd && cut -d : -f 1 /etc/group; } | sort >$lab/names-before

apt-get install -y -qq --no-install-recommends $packages/old/*.deb >$lab/install.log 2>&1
check "the packages install" 0 $?
holds "the service is enabled" systemctl is-enabled $unit certinstalld-admin.socket
holds "and runs, before anything was configured" wait_for 30 systemctl is-active $unit
check "as its user" certinstalld "$(ps -o user:20= -p "$(main_pid)" | tr -d ' ')"
check "systemd has no complaint" "" "$(systemctl --failed --plain --no-legend)"
holds "it says that services have no endpoint yet" wait_for 10 journal_says 'webhg2 has no endpoint'
check "units are well formed" "" "$(systemd-analyze verify --man=no $unit certinstalld-admin.socket \
	certinstalld-run-once@x.service 2>&1 | grep certinstalld)"
check "nothing in them is unknown" "" \
	"$(journalctl -q --no-pager -o cat -b | grep -iE 'certinstalld.*(unknown (key|lvalue|section)|failed to parse|ignoring)')"

check "a sealing key, its user's alone" "400 certinstalld 64" \
	"$(stat -c '%a %U' $etc/sealing.key) $(grep -coE '^[0-9a-f]{64}$' $etc/sealing.key | sed s/1/64/)"
check "the spool, for writers" "2730 certinstalld certinstalld-write" \
	"$(stat -c '%a %U %G' $spool)"
check "the store, for nobody else" "700 certinstalld" "$(stat -c '%a %U' /var/lib/certinstalld)"
check "groups, and the daemon's" "certinstalld certinstalld-read certinstalld-write" \
	"$(id -nG certinstalld | tr ' ' '\n' | sort | paste -sd ' ')"
check "the group for changes" 1 "$(getent group certinstalld-change | wc -l)"
check "configuration is the operator's" 8 \
	"$(dpkg-query -W -f '${Conffiles}\n' certinstalld | grep -c $etc/)"
check "the words in Japanese" yes \
	"$([ -s /usr/share/locale/ja/LC_MESSAGES/certinstalld.mo ] && echo yes)"
holds "offline verbs need no root" setpriv --reuid nobody --regid nogroup --clear-groups \
	certinstallctl due --service webhg2 2026-11-20T10:00:00+09:00
holds "nor does the configuration, to read" setpriv --reuid nobody --regid nogroup --clear-groups \
	certinstallctl calendar 2026-11
cp $etc/sealing.key $lab/sealing.key

# ---- an estate, the mock, and the configuration for both ----

useradd --system --no-create-home --groups certinstalld-write writer
useradd --system --no-create-home --groups certinstalld-read reader
useradd --system --no-create-home --groups certinstalld-read,certinstalld-change changer
useradd --system --no-create-home stranger
mkdir -p $build/tests/tools
ln -s /usr/bin/certinstallctl /usr/bin/certinstall-mock /usr/sbin/certinstalld $build/
ln -s /usr/libexec/certinstall-mock/make-estate $build/tests/tools/
$build/tests/tools/make-estate --out $estate ca
# Under systemd, so that it lives as long as the container.
systemd-run --quiet --unit=mock certinstall-mock --listen 127.0.0.1:0 \
	--server-cert $estate/server.pem --server-key $estate/server.key \
	--token-file $estate/token --ready-file $scratch/ready --ledger $scratch/ledger
holds "the mocked services run" wait_for 60 test -s $scratch/ready

# ---- secrets by credentials that systemd-creds encrypted ----

systemd-creds setup >/dev/null 2>&1
install -d -m 700 /etc/credstore.encrypted
for name in token:webhg2-token sealing.key:sealing-key; do
	file=$estate/${name%:*}
	[ "${name%:*}" != sealing.key ] || file=$etc/sealing.key
	systemd-creds encrypt "$file" "/etc/credstore.encrypted/certinstalld.${name#*:}" 2>/dev/null
done
install -m 644 $estate/root.pem $estate/intermediate.pem $etc/
mv $etc/sealing.key $lab/sealing.key.moved
cat >>$etc/certinstalld.conf <<CONFIG
# The operator's own.
sealing-key = "credential:certinstalld.sealing-key"
trust = "root.pem"
intermediates = "intermediate.pem"
retry-floor = "100ms"
retry-ceiling = "500ms"
spool-poll = "1s"
shutdown-grace = "1s"
site webhg2 {
  endpoint = "https://$(mock_api)"
  edge = "$(mock_edge webhg2)"
  token = "credential:certinstalld.webhg2-token"
  ca = "root.pem"
  verify-interval = "200ms"
  circuit-probe = "1s"
  circuit-probe-ceiling = "2s"
}
CONFIG
systemctl restart $unit
holds "with credentials it starts" systemctl is-active $unit
check "they are for it alone" 0 "$(setpriv --reuid nobody --regid nogroup --clear-groups \
	ls /run/credentials/$unit 2>/dev/null | wc -l)"
check "nothing of them is in its environment" 0 \
	"$(tr '\0' '\n' <"/proc/$(main_pid)/environ" | grep -cF -e "$(cat $estate/token)" -e "$(cat $lab/sealing.key)")"

# ---- the main job ----

put one
holds "a record from the spool is installed" wait_for 60 installed one
holds "the edge serves it" edge_serves one
check "the file is gone" "" "$(ls -A $spool)"
lib_end
