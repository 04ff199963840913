# Programs that run the engine without a daemon.
bin_PROGRAMS += mailward-featurekey mailward-package mailward-rules mailward-scan mailward-train
dist_man_MANS += doc/mailward-featurekey.1 doc/mailward-package.1 doc/mailward-rules.1 doc/mailward-scan.1 doc/mailward-train.1
mailward_featurekey_SOURCES = %D%/mailward_featurekey.c %D%/package_key.c %D%/package_key.h
mailward_featurekey_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
mailward_featurekey_LDADD = libengine.a $(CRYPTO_LIBS)
mailward_package_SOURCES = \
	%D%/mailward_package.c \
	%D%/package_build.c %D%/package_manifest.c %D%/package_make.h \
	%D%/package_key.c %D%/package_key.h \
	%D%/whole_file.c %D%/whole_file.h
mailward_package_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
mailward_package_LDADD = libengine.a $(CRYPTO_LIBS)
mailward_rules_SOURCES = %D%/mailward_rules.c %D%/mail_files.c %D%/mail_files.h
mailward_rules_LDADD = libengine.a $(SCAN_LIBS)
mailward_scan_SOURCES = %D%/mailward_scan.c %D%/mail_files.c %D%/mail_files.h %D%/whole_file.c %D%/whole_file.h
mailward_scan_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
mailward_scan_LDADD = libdaemon.a libengine.a $(JANSSON_LIBS) $(SCAN_LIBS)
mailward_train_SOURCES = \
	%D%/mailward_train.c \
	%D%/mail_files.c %D%/mail_files.h \
	%D%/train_fit.c %D%/train_fit.h \
	%D%/train_measure.c %D%/train_measure.h \
	%D%/train_report.c %D%/train_report.h \
	%D%/train_set.c %D%/train_set.h \
	%D%/whole_file.c %D%/whole_file.h
mailward_train_LDADD = libdaemon.a libengine.a $(SCAN_LIBS)
