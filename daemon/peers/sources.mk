# The peers role: other engines, asked first.
pkglibexec_PROGRAMS += mailwardd-peers
mailwardd_peers_SOURCES = \
	%D%/exchange.c %D%/exchange.h \
	%D%/health.c %D%/health.h \
	%D%/peers.c \
	%D%/rspamd_client.c \
	%D%/spamd_client.c \
	$(curl_loop_sources)
mailwardd_peers_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS)
mailwardd_peers_LDADD = $(DAEMON_LIBS) $(CURL_LIBS) $(JANSSON_LIBS)
