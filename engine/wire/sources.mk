libengine_a_SOURCES += \
	%D%/api.h \
	%D%/wire.c %D%/wire.h
