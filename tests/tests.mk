# Unit tests: one cmocka program per module, test_NAME from tests/unit/test_NAME.c.
UNIT_TESTS =
TEST_LIBS = libengine.a $(CMOCKA_LIBS)
if HAVE_CMOCKA
include tests/unit/base.mk
include tests/unit/config.mk
include tests/unit/control.mk
include tests/unit/daemon.mk
include tests/unit/shell.mk
include tests/unit/mime.mk
include tests/unit/scan.mk
include tests/unit/smtp.mk
include tests/unit/commands.mk
include tests/unit/queue.mk
include tests/unit/peers.mk
include tests/unit/sandbox.mk
include tests/unit/trust.mk
check_PROGRAMS += $(UNIT_TESTS)
endif
# Fuzz targets: built with libFuzzer for `make fuzz`, else with a main program that makes each a short test.
FUZZ_TARGETS =
if FUZZING
LIBFUZZER = -fsanitize=fuzzer
FUZZ_LIBS =
FUZZ_SHORT =
else
LIBFUZZER =
FUZZ_LIBS = libshortrun.a
FUZZ_SHORT = $(FUZZ_TARGETS:%=./%)
check_LIBRARIES = libshortrun.a
libshortrun_a_SOURCES = tests/fuzz/short_run.c
libshortrun_a_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_FOLDER='"$(abs_srcdir)/tests/fuzz"'
endif
include tests/fuzz/judge.mk
include tests/fuzz/learned.mk
include tests/fuzz/mime.mk
include tests/fuzz/package.mk
include tests/fuzz/peers.mk
include tests/fuzz/rules.mk
include tests/fuzz/smtp.mk
include tests/fuzz/spamd.mk
check_PROGRAMS += $(FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/fuzz_decode.dict tests/fuzz/fuzz_feature_key.dict tests/fuzz/fuzz_mime.dict tests/fuzz/fuzz_package.dict \
	tests/fuzz/fuzz_peers.dict tests/fuzz/fuzz_rules.dict tests/fuzz/fuzz_smtp.dict tests/fuzz/fuzz_spamd.dict
CLEANFILES += fuzz.log *.finding

# Each target for FUZZ_SECONDS; a finding ends it with an error.
FUZZ_SECONDS = 60
fuzz: $(FUZZ_TARGETS)
	@for target in $(FUZZ_TARGETS); do \
		dictionary=$(srcdir)/tests/fuzz/$$target.dict; \
		./$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 `test -f $$dictionary && echo -dict=$$dictionary` \
			2>fuzz.log || { cat fuzz.log; exit 1; }; \
		echo "$$target: `sed -n 's/^Done \([0-9]*\) runs.*/\1/p' fuzz.log` runs, nothing found"; \
	done

# What drives the real program.  tests/README.md tells how to run and write them.
SYSTEM_TESTS = \
	tests/lint/generated.py \
	tests/lint/includes.py \
	tests/system/test_access.py \
	tests/system/test_accounts.py \
	tests/system/test_config_cost.py \
	tests/system/test_config_files.py \
	tests/system/test_config_kills.py \
	tests/system/test_actions.py \
	tests/system/test_antispam.py \
	tests/system/test_alerts.py \
	tests/system/test_confirm.py \
	tests/system/test_api.py \
	tests/system/test_adding_a_command.py \
	tests/system/test_backup.py \
	tests/system/test_stores.py \
	tests/system/test_commands.py \
	tests/system/test_delivery.py \
	tests/system/test_dispensable_roles.py \
	tests/system/test_every_command.py \
	tests/system/test_extensions.py \
	tests/system/test_feature_keys.py \
	tests/system/test_flow.py \
	tests/system/test_harness.py \
	tests/system/test_full_disk.py \
	tests/system/test_graymail.py \
	tests/system/test_hostile.py \
	tests/system/test_hostname.py \
	tests/system/test_incoming_relays.py \
	tests/system/test_install.py \
	tests/system/test_learning.py \
	tests/system/test_levels.py \
	tests/system/test_listeners.py \
	tests/system/test_logs.py \
	tests/system/test_model.py \
	tests/system/test_multiscan.py \
	tests/system/test_poison.py \
	tests/system/test_policy.py \
	tests/system/test_postfix.py \
	tests/system/test_quarantine.py \
	tests/system/test_queue_commands.py \
	tests/system/test_queue_config.py \
	tests/system/test_requirements.py \
	tests/system/test_restart.py \
	tests/system/test_routes.py \
	tests/system/test_rules.py \
	tests/system/test_secrets.py \
	tests/system/test_sessions.py \
	tests/system/test_shell.py \
	tests/system/test_shell_channels.py \
	tests/system/test_shell_ended.py \
	tests/system/test_shell_gateway.py \
	tests/system/test_shell_person.py \
	tests/system/test_shell_ssh.py \
	tests/system/test_shell_start.py \
	tests/system/test_shell_terminal.py \
	tests/system/test_smtp.py \
	tests/system/test_spamd.py \
	tests/system/test_status.py \
	tests/system/test_threats.py \
	tests/system/test_tls.py \
	tests/system/test_train.py \
	tests/system/test_updates.py
include tests/durability/durability.mk
include tests/perf/perf.mk

EXTRA_DIST += $(SYSTEM_TESTS) tests/README.md tests/all tests/quick-start tests/send-samples tests/setup tests/run tests/requirements tests/requirements.tsv \
	tests/golden/config.xml tests/golden/help.session tests/golden/settings.session tests/golden/wrong.session tests/golden/status.keys \
	tests/system/hostile.py \
	tests/harness/__init__.py \
	tests/harness/accounts.py \
	tests/harness/api.py \
	tests/harness/build.py \
	tests/harness/certificate.py \
	tests/harness/dns.py \
	tests/harness/fake_daemon.py \
	tests/harness/fake_role.py \
	tests/harness/gateway.py \
	tests/harness/golden.py \
	tests/harness/graymail.py \
	tests/harness/instance.py \
	tests/harness/logs.py \
	tests/harness/mail.py \
	tests/harness/peers.py \
	tests/harness/people.py \
	tests/harness/postfix.py \
	tests/harness/processes.py \
	tests/harness/root.py \
	tests/harness/sender.py \
	tests/harness/sink.py \
	tests/harness/spamd.py \
	tests/harness/store.py \
	tests/harness/stores.py \
	tests/harness/tap.py \
	tests/harness/terminal.py \
	tests/harness/treatments.py \
	tests/harness/update_server.py \
	tests/samples/ham-attachment.eml tests/samples/ham-newsletter.eml tests/samples/ham-personal.eml \
	tests/samples/ham-reminder.eml tests/samples/malformed.eml tests/samples/spam-phishing.eml \
	tests/samples/spam-test.eml tests/samples/spam-text.eml \
	tests/samples/called-spam tests/samples/graymail tests/samples/legitimate

# The bare system of tests/system/test_install.py.
clean-local: clean-fresh-root
.PHONY: clean-fresh-root
clean-fresh-root:
	rm -rf fresh-root fresh-root.new

# Runs everything; the last line is "N passed, N failed".  TEST_LIMIT: seconds that one program may take.
TEST_LIMIT = 900
check-local: $(DURABILITY_NEEDS)
	@cd $(abs_builddir) && MAILWARD_BUILD=$(abs_builddir) CC='$(CC)' $(abs_srcdir)/tests/run --limit $(TEST_LIMIT) \
		$(UNIT_TESTS:%=./%) $(FUZZ_SHORT) $(SYSTEM_TESTS:%=$(abs_srcdir)/%) $(DURABILITY_SHORT)

# Each requirement on anti-spam with the tests that prove it, run now; the last line is a count.
requirements: all
	@cd $(abs_builddir) && MAILWARD_BUILD=$(abs_builddir) $(abs_srcdir)/tests/requirements \
		$(REQUIREMENTS_OPTIONS) $(abs_srcdir)/tests/system/test_*.py
