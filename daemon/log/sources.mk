pkglibexec_PROGRAMS += mailwardd-log
mailwardd_log_SOURCES = \
	%D%/counters.c %D%/counters.h \
	%D%/log.c \
	%D%/alert.c %D%/alert.h \
	%D%/log_file.c %D%/log_file.h \
	%D%/rates.c %D%/rates.h \
	%D%/reorder.c %D%/reorder.h \
	%D%/store_counters.c %D%/store_counters.h \
	%D%/store_tracking.c %D%/store_tracking.h \
	%D%/subscription.c %D%/subscription.h \
	%D%/syslog.c %D%/syslog.h
mailwardd_log_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(SQLITE_CFLAGS)
mailwardd_log_LDADD = $(DAEMON_LIBS) $(SQLITE_LIBS)
