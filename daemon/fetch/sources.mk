# The fetch role: files from HTTPS servers.
pkglibexec_PROGRAMS += mailwardd-fetch
mailwardd_fetch_SOURCES = %D%/fetch.c $(curl_loop_sources)
mailwardd_fetch_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(CURL_CFLAGS)
mailwardd_fetch_LDADD = $(DAEMON_LIBS) $(CURL_LIBS)
