# The configuration: control's store and commit path behind their hooks, and the roles' side.
UNIT_TESTS += test_audit test_store_config test_commit test_confirm test_converge test_role_config
CONTROL_PEERS = tests/unit/control_peers.c tests/unit/control_peers.h tests/unit/folder_fixture.h $(control_config_sources)
CONTROL_PEERS_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(CRYPTO_CFLAGS)
CONTROL_PEERS_LIBS = $(DAEMON_LIBS) $(JANSSON_LIBS) $(SQLITE_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
test_audit_SOURCES = tests/unit/test_audit.c $(CONTROL_PEERS)
test_audit_CPPFLAGS = $(CONTROL_PEERS_CPPFLAGS)
test_audit_LDADD = $(CONTROL_PEERS_LIBS)
test_store_config_SOURCES = tests/unit/test_store_config.c $(CONTROL_PEERS)
test_store_config_CPPFLAGS = $(CONTROL_PEERS_CPPFLAGS)
test_store_config_LDADD = $(CONTROL_PEERS_LIBS)
test_commit_SOURCES = tests/unit/test_commit.c tests/unit/commit_fixture.h $(CONTROL_PEERS)
test_commit_CPPFLAGS = $(CONTROL_PEERS_CPPFLAGS)
test_commit_LDADD = $(CONTROL_PEERS_LIBS)
test_confirm_SOURCES = tests/unit/test_confirm.c tests/unit/commit_fixture.h $(CONTROL_PEERS)
test_confirm_CPPFLAGS = $(CONTROL_PEERS_CPPFLAGS)
test_confirm_LDADD = $(CONTROL_PEERS_LIBS)
test_converge_SOURCES = tests/unit/test_converge.c tests/unit/commit_fixture.h $(CONTROL_PEERS)
test_converge_CPPFLAGS = $(CONTROL_PEERS_CPPFLAGS)
test_converge_LDADD = $(CONTROL_PEERS_LIBS)
test_role_config_SOURCES = tests/unit/test_role_config.c daemon/control/rows_out.c
test_role_config_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_role_config_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += test_alerts
test_alerts_SOURCES = tests/unit/test_alerts.c tests/unit/config_fixture.h daemon/control/alert_mail.c \
	daemon/control/alerts.c daemon/control/certificate_expiry.c daemon/control/expiry.c daemon/control/self_signed.c \
	daemon/control/store_alert.c daemon/log/alert.c
test_alerts_CPPFLAGS = $(CONTROL_PEERS_CPPFLAGS)
test_alerts_LDADD = $(CONTROL_PEERS_LIBS)
# Unit tests of the control socket.
UNIT_TESTS += test_permit
test_permit_SOURCES = tests/unit/test_permit.c tests/unit/config_fixture.h daemon/control/permit.c
test_permit_LDADD = $(TEST_LIBS)

# The sessions are real, what is behind them is played by the test.
CONTROL_SHELL = tests/unit/control_shell.c tests/unit/control_shell.h tests/unit/control_fixture.h $(control_session_sources) \
	daemon/control/self_signed.c daemon/control/self_signed.h \
	daemon/control/first_revision.c daemon/control/first_revision.h \
	daemon/log_lines.c daemon/paths.c daemon/protocol.c daemon/protocol_queue.c daemon/route.c daemon/roles.c
UNIT_TESTS += test_control test_control_access test_control_config test_control_figures test_control_queue \
	test_control_limits test_control_logs
test_control_access_SOURCES = tests/unit/test_control_access.c tests/unit/config_fixture.h $(CONTROL_SHELL)
test_control_access_CPPFLAGS = $(mailwardd_control_CPPFLAGS)
test_control_access_LDADD = $(TEST_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS) $(CRYPTO_LIBS)
test_control_SOURCES = tests/unit/test_control.c $(CONTROL_SHELL)
test_control_CPPFLAGS = $(mailwardd_control_CPPFLAGS)
test_control_LDADD = $(TEST_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS) $(CRYPTO_LIBS)
test_control_config_SOURCES = tests/unit/test_control_config.c $(CONTROL_SHELL)
test_control_config_CPPFLAGS = $(mailwardd_control_CPPFLAGS)
test_control_config_LDADD = $(TEST_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS) $(CRYPTO_LIBS)
test_control_figures_SOURCES = tests/unit/test_control_figures.c $(CONTROL_SHELL)
test_control_figures_CPPFLAGS = $(mailwardd_control_CPPFLAGS)
test_control_figures_LDADD = $(TEST_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS) $(CRYPTO_LIBS)
test_control_queue_SOURCES = tests/unit/test_control_queue.c $(CONTROL_SHELL)
test_control_queue_CPPFLAGS = $(mailwardd_control_CPPFLAGS)
test_control_queue_LDADD = $(TEST_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS) $(CRYPTO_LIBS)
test_control_limits_SOURCES = tests/unit/test_control_limits.c $(CONTROL_SHELL)
test_control_limits_CPPFLAGS = $(mailwardd_control_CPPFLAGS)
test_control_limits_LDADD = $(TEST_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS) $(CRYPTO_LIBS)
test_control_logs_SOURCES = tests/unit/test_control_logs.c $(CONTROL_SHELL)
test_control_logs_CPPFLAGS = $(mailwardd_control_CPPFLAGS)
test_control_logs_LDADD = $(TEST_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS) $(CRYPTO_LIBS)
UNIT_TESTS += test_learned
test_learned_SOURCES = tests/unit/test_learned.c daemon/control/store_learned.c daemon/control/store_learned.h
test_learned_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
test_learned_LDADD = libdaemon.a $(TEST_LIBS) $(SCAN_LIBS) $(SQLITE_LIBS)
