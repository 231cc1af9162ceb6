EXTRA_DIST += bench/start.sh
EXTRA_DIST += bench/inventory-ssh
