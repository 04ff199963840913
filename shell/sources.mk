bin_PROGRAMS += mailward
mailward_SOURCES = \
	%D%/link.c %D%/link.h \
	%D%/main.c \
	%D%/words.c %D%/words.h
mailward_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
mailward_LDADD = libcommands.a libengine.a $(JANSSON_LIBS)
