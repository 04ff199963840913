libengine_a_SOURCES += \
	%D%/table.c %D%/table.h %D%/diff.c
