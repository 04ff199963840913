# What checks, saves and restores the stores of an instance: lists of their own, so that unit tests reach them.
stores_sources = \
	%D%/backup.c %D%/backup.h \
	%D%/backup_file.c %D%/backup_file.h \
	%D%/bodies.c %D%/bodies.h \
	%D%/check.c %D%/check.h \
	%D%/check_config.c \
	%D%/check_queue.c %D%/check_queue.def \
	%D%/database.c %D%/database.h \
	%D%/digest.c %D%/digest.h \
	%D%/report.c %D%/report.h \
	%D%/restore.c %D%/restore.h \
	%D%/staging.c %D%/staging.h \
	daemon/control/manifest.c daemon/control/manifest.h \
	daemon/control/store_config.c daemon/control/store_config.h daemon/control/store_config.def \
	daemon/control/store_config_internal.h daemon/control/store_config_rows.c \
	daemon/control/stored_tree.c daemon/control/stored_tree.h \
	daemon/log/store_tracking.c daemon/log/store_tracking.h
STORES_CPPFLAGS = $(libqueue_a_CPPFLAGS) $(JANSSON_CFLAGS) $(ARCHIVE_CFLAGS)
STORES_LIBS = $(QUEUE_LIBS) $(JANSSON_LIBS) $(ARCHIVE_LIBS)

pkglibexec_PROGRAMS += mailwardd-stores
mailwardd_stores_SOURCES = $(stores_sources) %D%/mailwardd_stores.c
mailwardd_stores_CPPFLAGS = $(STORES_CPPFLAGS)
mailwardd_stores_LDADD = $(STORES_LIBS)
