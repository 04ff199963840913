# The spamd protocol.
libengine_a_SOURCES += \
	%D%/spamd_reply.c %D%/spamd_reply.h \
	%D%/spamd_request.c %D%/spamd_request.h
