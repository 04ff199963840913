# The queue role: a library, so that unit tests reach all of it, and the program.
noinst_LIBRARIES += libqueue.a
libqueue_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(SQLITE_CFLAGS) $(CRYPTO_CFLAGS)
libqueue_a_SOURCES = \
	%D%/archive.c %D%/archive.h \
	%D%/body.c %D%/body.h \
	%D%/bounce.c %D%/bounce_text.c %D%/bounce.h \
	%D%/change.c \
	%D%/compact.c \
	%D%/deliver.c %D%/deliver_result.c \
	%D%/dispatch_scan.c \
	%D%/ending.c %D%/ending.h \
	%D%/expiry.c \
	%D%/fault.c %D%/fault.h \
	%D%/gauges.c \
	%D%/header.c %D%/header.h \
	%D%/hosts.c \
	%D%/intake.c \
	%D%/known.c \
	%D%/lane.c \
	%D%/listing.c \
	%D%/maildir.c %D%/maildir.h \
	%D%/message.c %D%/message.h \
	%D%/multiscan.c \
	%D%/next_hop.c %D%/next_hop.h \
	%D%/notice.c \
	%D%/outbox.c \
	%D%/queue.h \
	%D%/scan_answer.c \
	%D%/schedule.c %D%/schedule.h \
	%D%/select.c %D%/select.h \
	%D%/space.c \
	%D%/spool.c %D%/spool.h %D%/spool_internal.h %D%/spool_read.c %D%/spool_stream.c \
	%D%/store.c %D%/store.h %D%/store_internal.h %D%/store_load.c %D%/store_message.c %D%/store_outbox.c \
	%D%/store_statements.def \
	%D%/suspend.c \
	%D%/table.c %D%/table.h \
	%D%/turn.c %D%/turn.h \
	%D%/verdict.c %D%/verdict.h %D%/verdict_log.c %D%/verdict_log.h \
	%D%/workqueue.c
QUEUE_LIBS = libqueue.a $(DAEMON_LIBS) $(SQLITE_LIBS) $(CRYPTO_LIBS)

pkglibexec_PROGRAMS += mailwardd-queue
mailwardd_queue_SOURCES = %D%/queue.c
mailwardd_queue_CPPFLAGS = $(libqueue_a_CPPFLAGS)
mailwardd_queue_LDADD = $(QUEUE_LIBS)
