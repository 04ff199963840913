pkglibexec_PROGRAMS += mailwardd-control
mailwardd_control_SOURCES = \
	%D%/control.c \
	%D%/log_query.c %D%/log_query.h \
	%D%/log_read.c %D%/log_read.h \
	%D%/methods.c %D%/methods.h \
	%D%/session.c %D%/session.h \
	%D%/status.c %D%/status.h
mailwardd_control_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS) $(PCRE2_CFLAGS)
mailwardd_control_LDADD = $(DAEMON_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS)
