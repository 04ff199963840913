# Shared by all roles, and the master.
libdaemon_a_SOURCES += \
	%D%/alerts.c %D%/alerts.h %D%/alerts.def \
	%D%/deadline.c %D%/deadline.h \
	%D%/failpoint.c %D%/failpoint.h \
	%D%/channel.c %D%/channel.h \
	%D%/hostname.c %D%/hostname.h \
	%D%/master_fd.h \
	%D%/log_lines.c %D%/log_lines.h %D%/log_lines.def \
	%D%/net.c %D%/net.h \
	%D%/memory_file.c %D%/memory_file.h \
	%D%/paths.c %D%/paths.h \
	%D%/port.c %D%/port.h \
	%D%/policy_row.c %D%/policy_row.h \
	%D%/privileges.c %D%/privileges.h \
	%D%/protocol.c %D%/protocol.h \
	%D%/protocol_queue.c %D%/protocol_queue.h \
	%D%/role_config.c %D%/role_config.h \
	%D%/role_main.c %D%/role.h \
	%D%/role_messages.c %D%/role_messages.h \
	%D%/roles.c \
	%D%/rolling_file.c %D%/rolling_file.h \
	%D%/route.c %D%/route.h \
	%D%/landlock.c %D%/landlock.h \
	%D%/sandbox.c %D%/sandbox.h \
	%D%/store_database.c %D%/store_database.h \
	%D%/stores_status.h

# For the roles that link libcurl.
curl_loop_sources = %D%/curl_loop.c %D%/curl_loop.h
