EXTRA_DIST += bench/start.sh
