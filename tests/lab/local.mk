# Real nodes for tests and for scripts/quickstart: see lab.sh.
EXTRA_DIST += lab/lab.sh lab/README.md
