# One a line, so that two who add one don't meet.
dist_check_SCRIPTS += integration/cli-manual.sh
dist_check_SCRIPTS += integration/cli-usage.sh
dist_check_SCRIPTS += integration/scan.sh
dist_check_SCRIPTS += integration/readme.sh
dist_check_SCRIPTS += integration/dist.sh
dist_check_SCRIPTS += integration/docs.sh
dist_check_SCRIPTS += integration/manual-ports.sh
dist_check_SCRIPTS += integration/ports.sh
dist_check_SCRIPTS += integration/cli-client.sh
dist_check_SCRIPTS += integration/main-job.sh
EXTRA_DIST += integration/cli-standin.py
dist_check_SCRIPTS += integration/cli-service.sh
EXTRA_DIST += integration/service-lib.sh
dist_check_SCRIPTS += integration/service.sh
dist_check_SCRIPTS += integration/linux-inventory.sh
dist_check_SCRIPTS += integration/linux-deploy.sh
dist_check_SCRIPTS += integration/worker-ssh.sh
EXTRA_DIST += integration/sshd.sh
dist_check_SCRIPTS += integration/cli-completion.sh
dist_check_SCRIPTS += integration/service-https.sh
dist_check_SCRIPTS += integration/linux-inventory.sh integration/linux-deploy.sh \
  integration/linux-faults.sh integration/linux-cut.sh
dist_check_SCRIPTS += integration/service-calls.sh
