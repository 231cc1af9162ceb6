dist_check_SCRIPTS += integration/cli-manual.sh integration/cli-usage.sh
dist_check_SCRIPTS += integration/scan.sh
dist_check_SCRIPTS += integration/readme.sh integration/dist.sh integration/docs.sh
dist_check_SCRIPTS += integration/ports.sh
dist_check_SCRIPTS += integration/cli-client.sh
EXTRA_DIST += integration/cli-standin.py
dist_check_SCRIPTS += integration/cli-service.sh
