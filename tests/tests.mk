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
EXTRA_DIST += tests/fuzz/fuzz_mime.dict tests/fuzz/fuzz_package.dict tests/fuzz/fuzz_rules.dict
if FUZZING
include tests/fuzz/judge.mk
include tests/fuzz/mime.mk
include tests/fuzz/package.mk
include tests/fuzz/peers.mk
include tests/fuzz/rules.mk
include tests/fuzz/smtp.mk
include tests/fuzz/spamd.mk

# Each target for FUZZ_SECONDS; a finding ends it with an error.
FUZZ_SECONDS = 60
FUZZ_TARGETS = fuzz_dns fuzz_judge fuzz_mime fuzz_package fuzz_peers fuzz_rules fuzz_seven_bit fuzz_smtp fuzz_spamd
fuzz: $(FUZZ_TARGETS)
	@for target in $(FUZZ_TARGETS); do \
		dictionary=$(srcdir)/tests/fuzz/$$target.dict; \
		./$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 `test -f $$dictionary && echo -dict=$$dictionary` \
			2>fuzz.log || { cat fuzz.log; exit 1; }; \
		echo "$$target: `sed -n 's/^Done \([0-9]*\) runs.*/\1/p' fuzz.log` runs, nothing found"; \
	done
CLEANFILES += fuzz.log
endif

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
	tests/system/test_tls.py \
	tests/system/test_train.py \
	tests/system/test_updates.py
include tests/durability/durability.mk
include tests/perf/perf.mk

EXTRA_DIST += $(SYSTEM_TESTS) tests/README.md tests/all tests/quick-start tests/send-samples tests/setup tests/run tests/requirements tests/requirements.tsv \
	tests/golden/config.xml tests/golden/help.session tests/golden/settings.session tests/golden/wrong.session tests/golden/status.keys \
	tests/system/hostile.py \
	tests/harness/__init__.py \
	tests/harness/api.py \
	tests/harness/build.py \
	tests/harness/certificate.py \
	tests/harness/dns.py \
	tests/harness/fake_daemon.py \
	tests/harness/golden.py \
	tests/harness/instance.py \
	tests/harness/logs.py \
	tests/harness/people.py \
	tests/harness/spamd.py \
	tests/harness/mail.py \
	tests/harness/peers.py \
	tests/harness/postfix.py \
	tests/harness/processes.py \
	tests/harness/sender.py \
	tests/harness/sink.py \
	tests/harness/store.py \
	tests/harness/tap.py \
	tests/harness/terminal.py tests/harness/update_server.py \
	tests/harness/treatments.py \
	tests/harness/__init__.py tests/harness/api.py tests/harness/build.py tests/harness/dns.py tests/harness/fake_daemon.py tests/harness/instance.py tests/harness/logs.py \
	tests/harness/mail.py tests/harness/processes.py tests/harness/root.py tests/harness/sender.py tests/harness/sink.py tests/harness/store.py \
	tests/harness/__init__.py tests/harness/accounts.py tests/harness/api.py tests/harness/build.py tests/harness/dns.py tests/harness/fake_daemon.py tests/harness/instance.py tests/harness/logs.py \
	tests/harness/mail.py tests/harness/processes.py tests/harness/root.py tests/harness/sender.py tests/harness/sink.py tests/harness/store.py tests/harness/stores.py \
	tests/harness/tap.py tests/harness/terminal.py \
	tests/samples/ham-attachment.eml tests/samples/ham-newsletter.eml tests/samples/ham-personal.eml \
	tests/samples/ham-reminder.eml tests/samples/malformed.eml tests/samples/spam-phishing.eml \
	tests/samples/spam-test.eml tests/samples/spam-text.eml \
	tests/samples/legitimate/appointment.eml \
	tests/samples/legitimate/autoreply.eml \
	tests/samples/legitimate/bounce.eml \
	tests/samples/legitimate/calendar-invite.eml \
	tests/samples/legitimate/chinese.eml \
	tests/samples/legitimate/ci-failed.eml \
	tests/samples/legitimate/cron.eml \
	tests/samples/legitimate/empty-bare.eml \
	tests/samples/legitimate/empty.eml \
	tests/samples/legitimate/flight.eml \
	tests/samples/legitimate/french.eml \
	tests/samples/legitimate/german-invoice.eml \
	tests/samples/legitimate/german.eml \
	tests/samples/legitimate/invitation.eml \
	tests/samples/legitimate/japanese.eml \
	tests/samples/legitimate/login-code.eml \
	tests/samples/legitimate/monitoring.eml \
	tests/samples/legitimate/no-parts.eml \
	tests/samples/legitimate/one-line-html.eml \
	tests/samples/legitimate/password-reset.eml \
	tests/samples/legitimate/photos.eml \
	tests/samples/legitimate/receipt-plain.eml \
	tests/samples/legitimate/receipt.eml \
	tests/samples/legitimate/russian.eml \
	tests/samples/legitimate/shipping.eml \
	tests/samples/legitimate/shop-newsletter.eml \
	tests/samples/legitimate/social-comment.eml \
	tests/samples/legitimate/social-request.eml \
	tests/samples/legitimate/subscription-renewal.eml \
	tests/samples/legitimate/two-lines.eml \
	tests/samples/graymail/bulk-newsletter.eml \
	tests/samples/graymail/bulk-society.eml \
	tests/samples/graymail/marketing-airline.eml \
	tests/samples/graymail/marketing-shop.eml \
	tests/samples/graymail/other-ci.eml \
	tests/samples/graymail/other-discussion.eml \
	tests/samples/graymail/other-password.eml \
	tests/samples/graymail/other-personal.eml \
	tests/samples/graymail/other-receipt.eml \
	tests/samples/graymail/social-dating.eml \
	tests/samples/graymail/social-friends.eml \
	tests/samples/graymail/social-links.eml \
	tests/samples/graymail/social-neighbours.eml \
	tests/samples/graymail/social-photos.eml \
	tests/samples/graymail/social-pins.eml \
	tests/samples/graymail/social-questions.eml \
	tests/samples/graymail/social-short-posts.eml \
	tests/samples/graymail/social-sport.eml \
	tests/samples/graymail/social-work.eml

# The bare system of tests/system/test_install.py.
clean-local: clean-fresh-root
.PHONY: clean-fresh-root
clean-fresh-root:
	rm -rf fresh-root fresh-root.new

# Runs everything; the last line is "N passed, N failed".  TEST_LIMIT: seconds that one program may take.
TEST_LIMIT = 900
check-local: $(DURABILITY_NEEDS)
	@cd $(abs_builddir) && MAILWARD_BUILD=$(abs_builddir) CC='$(CC)' $(abs_srcdir)/tests/run --limit $(TEST_LIMIT) \
		$(UNIT_TESTS:%=./%) $(SYSTEM_TESTS:%=$(abs_srcdir)/%) $(DURABILITY_SHORT)

# Each requirement on anti-spam with the tests that prove it, run now; the last line is a count.
requirements: all
	@cd $(abs_builddir) && MAILWARD_BUILD=$(abs_builddir) $(abs_srcdir)/tests/requirements \
		$(REQUIREMENTS_OPTIONS) $(abs_srcdir)/tests/system/test_*.py
