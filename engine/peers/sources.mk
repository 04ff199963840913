# Verdicts of other engines.
libengine_a_SOURCES += \
	%D%/peer.c %D%/peer.h \
	%D%/rspamd_reply.c %D%/rspamd_reply.h
