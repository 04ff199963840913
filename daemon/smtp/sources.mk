# The smtp role: listener and client.
pkglibexec_PROGRAMS += mailwardd-smtp
mailwardd_smtp_SOURCES = \
	%D%/access.c %D%/access.h \
	%D%/client.c %D%/client.h \
	%D%/connection.c %D%/connection.h \
	%D%/connection_tls.c \
	%D%/delivery.c %D%/delivery.h \
	%D%/destination.c %D%/destination.h \
	%D%/dialogue.c \
	%D%/dns.c %D%/dns.h \
	%D%/dns_answer.c %D%/dns_answer.h \
	%D%/fitting.c %D%/fitting.h \
	%D%/idna.c %D%/idna.h \
	%D%/ids.c %D%/ids.h \
	%D%/incoming_relay.c %D%/incoming_relay.h \
	%D%/listener.c %D%/listener.h \
	%D%/mail.c %D%/mail.h \
	%D%/resolve.c %D%/resolve.h \
	%D%/session.c %D%/session.h \
	%D%/session_command.c \
	%D%/session_data.c \
	%D%/session_tls.c \
	%D%/smtp.c %D%/smtp.h \
	%D%/tls.c %D%/tls.h \
	%D%/tls_client.c \
	%D%/tls_context.c %D%/tls_context.h \
	%D%/tls_server.c
mailwardd_smtp_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(CARES_CFLAGS) $(IDN2_CFLAGS) $(SSL_CFLAGS)
mailwardd_smtp_LDADD = $(DAEMON_LIBS) $(CARES_LIBS) $(IDN2_LIBS) $(SSL_LIBS)
