libengine_a_SOURCES += \
	%D%/splice.c %D%/splice.h
