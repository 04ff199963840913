# Sources of this folder.
libengine_a_SOURCES += \
	%D%/codec.c \
	%D%/header_edits.c %D%/header_edits.h \
	%D%/judge.c %D%/judge.h \
	%D%/look.c %D%/look.h \
	%D%/names.c \
	%D%/reasons.c %D%/reasons.h \
	%D%/resolve.c %D%/resolve.h \
	%D%/take_example.c \
	%D%/verdict_header.c %D%/verdict_header.h
