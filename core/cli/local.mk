fettle_SOURCES += cli/audit.c
fettle_SOURCES += cli/bars.c cli/baseline.c cli/check.c cli/cli.h cli/client.c cli/client.h cli/commands.c \
  cli/completion.c cli/csv.c cli/csv.h cli/deploy.c cli/deploy.h cli/deploy-request.c cli/restore.c cli/follow.c cli/help.c cli/inventory.c \
  cli/job.c cli/job.h cli/main.c cli/node-input.c cli/node-input.h cli/node.c cli/output.c \
  cli/parse.c cli/parse.h cli/report.c cli/secret.c cli/secret.h cli/secret-wipe.c cli/service.c cli/start.c \
  cli/table.c
fettle_SOURCES += cli/firewall.c cli/firewall-export.c cli/firewall-plan.h cli/firewall-holes.c cli/firewall-setup.c cli/nodes-file.c cli/nodes-file.h cli/plugin.c \
  cli/plugins.h cli/ports.c
fettle_SOURCES += cli/group.c cli/nodes.h
fettle_SOURCES += cli/baseline-diff.c cli/baseline-export.c cli/baseline-copy.c cli/baseline-copy.h cli/scan-child.c cli/scan-child.h cli/baseline-describe.c cli/baseline-sign.c cli/baseline-trust.c cli/baseline-verify.c cli/list-files.c cli/sign.h
fettle_SOURCES += cli/ansible.c cli/ansible.h cli/ansible-hosts.c cli/ansible-ini.c cli/ansible-yaml.c cli/node-lists.c
fettle_SOURCES += cli/discover.c cli/record.c
fettle_SOURCES += cli/token.c cli/watch.c
fettle_SOURCES += cli/sum.c cli/sum.h cli/sum-baseline.c cli/sum-console.c cli/sum-console-deploy.c cli/sum-console.h cli/sum-details.c cli/sum-input.c cli/sum-log.c cli/sum-nodes.c cli/sum-parse.c \
  cli/sum-report.c cli/sum-run.c cli/sum-service.c cli/sum-table.c
fettle_SOURCES += cli/plugin-check.c cli/plugin-check.h cli/plugin-calls.c cli/plugin-replay.c cli/plugin-rules.c cli/plugin-symbols.c

# What fettle plugin new writes, as text.
fettle_SOURCES += cli/plugin-new.c
nodist_fettle_SOURCES = cli/plugin-template.h
BUILT_SOURCES += cli/plugin-template.h
template_files = README.md configure.ac Makefile.am CMakeLists.txt plugin.c plugin.quirks plugin.7 check.sh emulator.py
CLEANFILES += cli/plugin-template.h
cli/plugin-template.h: $(template_files:%=$(top_srcdir)/sdk/template/%) Makefile
	$(AM_V_GEN)$(MKDIR_P) cli && for f in $(template_files); do \
	  echo "static const char fettle_template_$$(echo $$f | tr . _)[] ="; \
	  $(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/  "/' -e 's/$$/\\n"/' $(top_srcdir)/sdk/template/$$f; \
	  echo '  ;'; \
	done >$@-t && mv $@-t $@
