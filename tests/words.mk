TESTS += tests/system/words.sh
EXTRA_DIST += tests/system/words.sh
