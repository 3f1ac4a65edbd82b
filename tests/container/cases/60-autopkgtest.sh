# shellcheck shell=bash disable=SC2086,SC2154
# The package's own test, by the runner that Debian uses, in this container.
# shellcheck source=tests/container/lib.sh
. /tree/tests/container/lib.sh

mkdir -p $lab/tree
cp -r /tree/debian $lab/tree/
autopkgtest --output-dir=$lab/autopkgtest --no-built-binaries $lab/tree -- null >$lab/autopkgtest.log 2>&1
check "autopkgtest" 0 $?
says "the main job passed" '^main-job +PASS' $lab/autopkgtest/summary
says "it installed by a run once" '^run once: [0-9a-f]{64}$' $lab/autopkgtest.log
says "and by the daemon" '^the daemon: [0-9a-f]{64}$' $lab/autopkgtest.log
lib_end
