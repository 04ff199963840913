libengine_a_SOURCES += \
	%D%/elements.c %D%/elements.h \
	%D%/json.c %D%/json.h %D%/row.c %D%/value.c \
	%D%/schema_checks.c %D%/host_checks.c %D%/host_checks.h %D%/destination_checks.c \
	%D%/schema.c %D%/schema.h %D%/tables.def %D%/antispam.def %D%/policy.def %D%/smtproutes.def %D%/spamquarantine.def \
	%D%/cluster.def %D%/cluster_groups.def %D%/cluster_members.def \
	%D%/addresses.def %D%/alerts.def %D%/alert_classes.def %D%/alert_settings.def %D%/alert_checks.c \
	%D%/certificates.def %D%/delivery.def %D%/hostaccess.def %D%/listeners.def %D%/logs.def %D%/rcptaccess.def \
	%D%/access.def %D%/gateway.def %D%/updates.def %D%/users.def %D%/graymail.def %D%/imsandgraymail.def \
	%D%/learning.def %D%/multiscan.def \
	%D%/incoming_relay.def %D%/incoming_relays.def %D%/portal_registration.def \
	%D%/featurekey.def %D%/features.def %D%/features.h \
	%D%/network_checks.c %D%/spamd.def \
	%D%/settings.c %D%/settings.h %D%/settings.def
