sbin_PROGRAMS += mailwardd
mailwardd_SOURCES = \
	%D%/instance.c %D%/instance.h \
	%D%/mailwardd.c \
	%D%/manual.c %D%/manual.h \
	%D%/master.c %D%/master.h \
	%D%/notify.c %D%/notify.h \
	%D%/offline.c %D%/offline.h \
	%D%/options.c %D%/options.def %D%/options.h \
	%D%/ports.c %D%/ports.h \
	%D%/sockets.c %D%/sockets.h
mailwardd_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
mailwardd_LDADD = $(DAEMON_LIBS)
