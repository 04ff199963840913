# The spamd role: the scan service for clients of the spamd protocol.
pkglibexec_PROGRAMS += mailwardd-spamd
mailwardd_spamd_SOURCES = \
	%D%/acceptor.c %D%/acceptor.h \
	%D%/client.c %D%/client.h \
	%D%/request.c \
	%D%/scanning.c %D%/scanning.h \
	%D%/spamd.c %D%/spamd.h \
	%D%/telling.c %D%/telling.h
mailwardd_spamd_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
mailwardd_spamd_LDADD = $(DAEMON_LIBS)
