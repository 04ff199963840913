# Sources of this folder.
libengine_a_SOURCES += \
	%D%/codec.c \
	%D%/header_edits.c %D%/header_edits.h \
	%D%/judge.c %D%/judge.h \
	%D%/names.c \
	%D%/resolve.c %D%/resolve.h \
	%D%/verdict_header.c %D%/verdict_header.h
