# One a line, so that two who add one don't meet.
dist_check_SCRIPTS += integration/cli-manual.sh integration/cli-usage.sh
dist_check_SCRIPTS += integration/scan.sh
dist_check_SCRIPTS += integration/readme.sh integration/dist.sh integration/docs.sh
dist_check_SCRIPTS += integration/manual-ports.sh integration/ports.sh
dist_check_SCRIPTS += integration/cli-client.sh
dist_check_SCRIPTS += integration/cli-manual.sh
dist_check_SCRIPTS += integration/cli-usage.sh
dist_check_SCRIPTS += integration/dist.sh
dist_check_SCRIPTS += integration/docs.sh
dist_check_SCRIPTS += integration/main-job.sh
dist_check_SCRIPTS += integration/ports.sh
dist_check_SCRIPTS += integration/readme.sh
dist_check_SCRIPTS += integration/scan.sh
EXTRA_DIST += integration/cli-standin.py
dist_check_SCRIPTS += integration/cli-service.sh
EXTRA_DIST += integration/service-lib.sh
dist_check_SCRIPTS += integration/service.sh
