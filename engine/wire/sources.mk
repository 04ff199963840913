libengine_a_SOURCES += \
	%D%/api.h %D%/errors.c %D%/errors.def %D%/statuses.def \
	%D%/wire.c %D%/wire.h
