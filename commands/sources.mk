# One file a command, and the table.
mailward_SOURCES += \
	%D%/command.h %D%/table.c \
	%D%/grep.c \
	%D%/help.c \
	%D%/status.c \
	%D%/tail.c \
	%D%/version.c
