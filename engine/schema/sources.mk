libengine_a_SOURCES += \
	%D%/settings.c %D%/settings.h %D%/settings.def
