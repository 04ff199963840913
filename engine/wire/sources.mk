libengine_a_SOURCES += \
	%D%/api.h %D%/errors.c %D%/errors.def %D%/statuses.def \
	%D%/figures.c %D%/figures.def %D%/figures.h \
	%D%/wire.c %D%/wire.h
