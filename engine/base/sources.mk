libengine_a_SOURCES += \
	%D%/arena.c %D%/arena.h \
	%D%/buf.c %D%/buf.h \
	%D%/clock.c %D%/clock.h \
	%D%/dumps.c %D%/dumps.h \
	%D%/error.c %D%/error.h \
	%D%/nearest.c %D%/nearest.h \
	%D%/roff.c %D%/roff.h \
	%D%/span.c %D%/span.h \
	%D%/text.c %D%/text.h \
	%D%/xalloc.c %D%/xalloc.h
