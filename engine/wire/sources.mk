libengine_a_SOURCES += \
	%D%/wire.c %D%/wire.h
