# The scan role: a supervisor, a zygote and sandboxed workers, all the same program.
pkglibexec_PROGRAMS += mailwardd-scan
mailwardd_scan_SOURCES = \
	%D%/runtime.c \
	%D%/scan.c \
	%D%/updates.c %D%/updates.h \
	$(scan_pool_sources)
mailwardd_scan_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
mailwardd_scan_LDADD = $(DAEMON_LIBS) $(SCAN_LIBS)

# All but the role's hooks, for its test too.
scan_pool_sources = \
	%D%/breadcrumb.h \
	%D%/canned.c %D%/canned.h \
	%D%/engine_files.c %D%/engine_files.h \
	%D%/executable_memory.c %D%/executable_memory.h \
	%D%/generation.c %D%/generation.h \
	%D%/generation_internal.h \
	%D%/generation_packets.c \
	%D%/learned_set.c %D%/learned_set.h \
	%D%/packet.c %D%/packet.h \
	%D%/pool.c %D%/pool.h \
	%D%/process.c %D%/process.h \
	%D%/runtime.h \
	%D%/slot.c %D%/slot.h \
	%D%/worker.c %D%/worker.h \
	%D%/worker_config.h \
	%D%/zygote.c %D%/zygote.h
