# What is committed, and how it becomes so: a list of its own, so that unit tests reach it.
control_config_sources = \
	%D%/audit.c %D%/audit.h \
	%D%/commit.c %D%/commit.h \
	%D%/confirmation.c %D%/confirmation.h \
	%D%/converge.c %D%/converge.h \
	%D%/first_revision.c %D%/first_revision.h \
	%D%/head.c %D%/head.h \
	%D%/labels.c %D%/labels.h \
	%D%/manifest.c %D%/manifest.h \
	%D%/ports.c %D%/ports.h \
	%D%/roll_back.c %D%/roll_back.h \
	%D%/rows_out.c %D%/rows_out.h \
	%D%/self_signed.c %D%/self_signed.h \
	%D%/store_config.c %D%/store_config.h %D%/store_config.def \
	%D%/store_config_internal.h %D%/store_config_rows.c \
	%D%/stored_row.c %D%/stored_row.h \
	%D%/stored_tree.c %D%/stored_tree.h \
	%D%/tidy.c %D%/tidy.h

# What the control socket offers, without the role around it.
control_session_sources = \
	%D%/access.c %D%/access.h \
	%D%/certificates.c %D%/certificates.h \
	%D%/config_edit.c %D%/config_edit.h \
	%D%/config_export.c \
	%D%/config_mail.c %D%/config_mail.h \
	%D%/config_methods.c %D%/config_methods.h \
	%D%/config_methods_commit.c \
	%D%/config_methods_confirm.c \
	%D%/config_methods_edit.c \
	%D%/cluster.c %D%/config_levels.c %D%/config_mode.c %D%/config_setting.c \
	%D%/config_methods_read.c \
	%D%/config_lock.c %D%/config_lock.h \
	%D%/config_methods_revisions.c \
	%D%/config_reset.c \
	%D%/config_secrets.c %D%/config_secrets.h \
	%D%/config_session.c %D%/config_session.h \
	%D%/feature_methods.c \
	%D%/figures.c %D%/figures.h \
	%D%/files.c %D%/files.h \
	%D%/log_child.c %D%/log_child.h \
	%D%/log_query.c %D%/log_query.h \
	%D%/log_read.c %D%/log_read.h \
	%D%/log_roll.c %D%/log_roll.h \
	%D%/logins.c %D%/logins.h \
	%D%/methods.c %D%/methods.h \
	%D%/permit.c %D%/permit.h \
	%D%/question.c %D%/question.h \
	%D%/queue_archive.c \
	%D%/queue_call.c %D%/queue_call.h \
	%D%/queue_change.c \
	%D%/queue_hosts.c \
	%D%/queue_list.c \
	%D%/queue_read.c \
	%D%/queue_suspend.c \
	%D%/rate.c \
	%D%/secret_key.c %D%/secret_key.h \
	%D%/session.c %D%/session.h %D%/session_state.h \
	%D%/session_answers.c \
	%D%/session_requests.c \
	%D%/status.c %D%/status.h \
	%D%/typed.c %D%/typed.h \
	%D%/who.c %D%/who.h \
	%D%/workqueue.c %D%/workqueue.h

# Updates of rules and models, and who is trusted with them.
control_update_sources = \
	%D%/update_doubts.c %D%/update_doubts.h \
	%D%/trusted_keys.c %D%/trusted_keys.h \
	%D%/update_files.c %D%/update_files.h \
	%D%/update_run.c %D%/update_run.h \
	%D%/update_trial.c %D%/update_trial.h \
	%D%/updates.c %D%/updates.h

# Learning from single messages.
control_learning_sources = \
	%D%/learning_methods.c %D%/learning_methods.h \
	%D%/lessons.c %D%/lessons.h \
	%D%/store_learned.c %D%/store_learned.h %D%/store_learned.def

# Alerts, feature keys, and what ends at a known time: reached by unit tests of their own.
control_alert_sources = \
	%D%/feature_files.c \
	%D%/feature_keys.c %D%/feature_keys.h \
	%D%/alert_list.c \
	%D%/alert_mail.c %D%/alert_mail.h \
	%D%/alerts.c %D%/alerts.h \
	%D%/certificate_expiry.c %D%/certificate_expiry.h \
	%D%/expiry.c %D%/expiry.h \
	%D%/store_alert.c %D%/store_alert.h %D%/store_alert.def

pkglibexec_PROGRAMS += mailwardd-control
mailwardd_control_SOURCES = $(control_config_sources) $(control_session_sources) $(control_alert_sources) \
	$(control_update_sources) $(control_learning_sources) %D%/control.c
mailwardd_control_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS) $(PCRE2_CFLAGS) \
	$(SQLITE_CFLAGS) $(CRYPTO_CFLAGS)
mailwardd_control_LDADD = $(DAEMON_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS) $(SQLITE_LIBS) $(CRYPTO_LIBS)
