# The spamd protocol: what a client reads.
libengine_a_SOURCES += \
	%D%/spamd_response.c %D%/spamd_response.h
