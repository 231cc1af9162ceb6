libservice_la_SOURCES += engine/audit.c
libservice_la_SOURCES += engine/backup.c engine/rotate.c
libservice_la_SOURCES += \
  engine/baselines.c engine/browsers.c engine/call-request.c engine/call-request.h engine/check.c engine/check.h \
  engine/component-files.c engine/component-files.h engine/check-gate.c engine/check-lane.c engine/credentials.c \
  engine/deploy.c engine/deploy-check.c engine/engine.c engine/engine.h engine/groups.c engine/holes.c engine/holes.h engine/holes-api.c \
  engine/internal.h engine/inventory.c engine/recognise.c \
  engine/job.c engine/jobs.c engine/lane.c engine/mirror.c engine/mirror.h engine/node-check.c engine/node-firewall.c engine/node-select.c engine/nodes.c engine/plans.c \
  engine/recover.c engine/rollout.c engine/rollout.h engine/rollout-api.c engine/rollout-begin.c engine/scan.c engine/scout.c engine/unpack.c \
  engine/verify.c engine/waiter.c engine/waiter.h engine/ways.c
# The API itself.
libservice_la_SOURCES += engine/events.c engine/page.c engine/page.h engine/tokens.c
libservice_la_SOURCES += engine/ask.c engine/ask.h
libservice_la_SOURCES += engine/deployments.c
libservice_la_SOURCES += engine/snapshots.c
libservice_la_SOURCES += engine/signing.c engine/signing.h engine/sbom.c engine/trust.c
libservice_la_SOURCES += engine/associate.c engine/leftovers.c
libservice_la_SOURCES += engine/helper.c engine/helper.h engine/login.c
libservice_la_SOURCES += engine/probe.c engine/recordings.c engine/reports.c
libservice_la_SOURCES += engine/serving.c engine/serving.h
