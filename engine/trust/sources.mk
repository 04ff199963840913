# Sources of this folder.
libengine_a_SOURCES += \
	%D%/trust.c %D%/trust.h

trustedkeysdir = $(pkgdatadir)/trusted-keys
dist_trustedkeys_DATA = engine/data/trusted-keys/README
# Programs of the build tree look for the folder beside themselves.
all-local: trusted-keys/README
trusted-keys/README: engine/data/trusted-keys/README
	$(AM_V_GEN)$(MKDIR_P) trusted-keys && cp $(srcdir)/engine/data/trusted-keys/README $@
clean-local: clean-trusted-keys
clean-trusted-keys:
	rm -rf trusted-keys
.PHONY: clean-trusted-keys
