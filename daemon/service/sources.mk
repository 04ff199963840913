# What a system instance needs of systemd: the unit, its accounts, its state folder.  The paths in them are those of
# configure, which only make knows in full.
SERVICE_FILES = %D%/mailward.service %D%/sysusers.d/mailward.conf %D%/tmpfiles.d/mailward.conf
SERVICE_TEMPLATES = %D%/mailward.service.in %D%/sysusers.d/mailward.conf.in %D%/tmpfiles.d/mailward.conf.in
EXTRA_DIST += $(SERVICE_TEMPLATES)

if WITH_SYSTEMD
nodist_systemdsystemunit_DATA = %D%/mailward.service
nodist_sysusers_DATA = %D%/sysusers.d/mailward.conf
nodist_tmpfiles_DATA = %D%/tmpfiles.d/mailward.conf
CLEANFILES += $(SERVICE_FILES)

$(SERVICE_FILES): $(SERVICE_TEMPLATES) Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@localstatedir[@]|$(localstatedir)|g' \
		$(srcdir)/$@.in >$@.new && mv $@.new $@
endif
