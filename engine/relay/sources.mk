libengine_a_SOURCES += \
	%D%/mbox.c %D%/mbox.h \
	%D%/splice.c %D%/splice.h
