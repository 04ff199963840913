# The dialogue runner, and one file a command.
noinst_LIBRARIES += libcommands.a
EXTRA_DIST += doc/adding-a-command.md
libcommands_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
libcommands_a_SOURCES = \
	%D%/addressconfig.c \
	%D%/alertconfig.c \
	%D%/antispamconfig.c \
	%D%/archivemessage.c \
	%D%/bouncerecipients.c \
	%D%/certconfig.c \
	%D%/changes.c \
	%D%/changes.h \
	%D%/clearchanges.c \
	%D%/command.c \
	%D%/command.h \
	%D%/commands.def \
	%D%/clusterconfig.c \
	%D%/clustermode.c \
	%D%/commit.c \
	%D%/commit.h \
	%D%/commitdetail.c \
	%D%/complete.c \
	%D%/complete.h \
	%D%/config.c \
	%D%/deleterecipients.c \
	%D%/delivernow.c \
	%D%/deliveryconfig.c \
	%D%/displayalerts.c \
	%D%/exit.c \
	%D%/form.c \
	%D%/form.h \
	%D%/grep.c \
	%D%/help.c \
	%D%/level_name.c %D%/level_name.h \
	%D%/levels.c %D%/levels.h \
	%D%/list_file.c \
	%D%/list_table.c \
	%D%/list_table.h \
	%D%/listenerconfig.c \
	%D%/logconfig.c \
	%D%/logs.c \
	%D%/logs.h \
	%D%/oldmessage.c \
	%D%/policy_antispam.c \
	%D%/policyconfig.c \
	%D%/policyconfig.h \
	%D%/queued.c \
	%D%/queued.h \
	%D%/rate.c \
	%D%/rate.h \
	%D%/removemessage.c \
	%D%/resetcounters.c \
	%D%/rollbackconfig.c \
	%D%/rollovernow.c \
	%D%/secret.c \
	%D%/setttymode.c \
	%D%/setup.c \
	%D%/setup.h \
	%D%/shell.h \
	%D%/showchanges.c \
	%D%/showconfig.c \
	%D%/showmessage.c \
	%D%/showrecipients.c \
	%D%/showsetting.c \
	%D%/smtproutes.c \
	%D%/spamquarantine.c \
	%D%/status.c \
	%D%/suspend.c \
	%D%/table.c \
	%D%/tail.c \
	%D%/tophosts.c \
	%D%/ui.c \
	%D%/ui.h \
	%D%/usage.c \
	%D%/values.c \
	%D%/values.h \
	%D%/version.c \
	%D%/who.c \
	%D%/whoami.c \
	%D%/workqueue.c
