# Unit tests of smtp.
UNIT_TESTS += test_smtp test_smtp_data test_access test_destination test_resolve test_client test_tls test_idna test_address_range
test_address_range_SOURCES = tests/unit/test_address_range.c
test_address_range_LDADD = $(TEST_LIBS)
test_smtp_SOURCES = tests/unit/test_smtp.c
test_smtp_LDADD = $(TEST_LIBS)
test_smtp_data_SOURCES = tests/unit/test_smtp_data.c
test_smtp_data_LDADD = $(TEST_LIBS)
test_access_SOURCES = tests/unit/test_access.c daemon/smtp/access.c
test_access_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_access_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)

test_idna_SOURCES = tests/unit/test_idna.c daemon/smtp/idna.c
test_idna_CPPFLAGS = $(AM_CPPFLAGS) $(IDN2_CFLAGS)
test_idna_LDADD = $(TEST_LIBS) $(IDN2_LIBS)

DNS_SOURCES = tests/unit/dns_server.c tests/unit/dns_server.h daemon/smtp/destination.c daemon/smtp/dns_answer.c
test_destination_SOURCES = tests/unit/test_destination.c $(DNS_SOURCES)
test_destination_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_destination_LDADD = $(TEST_LIBS) $(EVENT_LIBS)
RESOLVE_SOURCES = daemon/smtp/dns.c daemon/smtp/resolve.c $(DNS_SOURCES)
test_resolve_SOURCES = tests/unit/test_resolve.c $(RESOLVE_SOURCES)
test_resolve_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(CARES_CFLAGS)
test_resolve_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_mono_us
test_resolve_LDADD = $(DAEMON_LIBS) $(CARES_LIBS) $(CMOCKA_LIBS)
test_client_SOURCES = tests/unit/test_client.c $(RESOLVE_SOURCES) daemon/smtp/client.c daemon/smtp/connection.c \
	daemon/smtp/delivery.c daemon/smtp/dialogue.c daemon/smtp/fitting.c daemon/smtp/ids.c daemon/smtp/connection_tls.c daemon/smtp/tls.c \
	daemon/smtp/tls_client.c daemon/smtp/tls_context.c
test_client_CPPFLAGS = $(test_resolve_CPPFLAGS) $(SSL_CFLAGS)
test_client_LDFLAGS = $(test_resolve_LDFLAGS)
test_client_LDADD = $(test_resolve_LDADD) $(SSL_LIBS)
test_tls_SOURCES = tests/unit/test_tls.c daemon/smtp/tls.c daemon/smtp/tls_context.c daemon/smtp/tls_server.c \
	daemon/control/self_signed.c
test_tls_CPPFLAGS = $(AM_CPPFLAGS) $(SSL_CFLAGS) $(JANSSON_CFLAGS)
test_tls_LDADD = $(TEST_LIBS) $(SSL_LIBS) $(JANSSON_LIBS)

UNIT_TESTS += test_spamd
test_spamd_SOURCES = tests/unit/test_spamd.c
test_spamd_LDADD = $(TEST_LIBS)
