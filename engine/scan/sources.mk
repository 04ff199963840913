# Sources of this folder.
libengine_a_SOURCES += \
	%D%/facts.c %D%/facts.h \
	%D%/features.c %D%/features.h \
	%D%/hash.h \
	%D%/model.c %D%/model.h \
	%D%/model_file.c %D%/model_file.h
dist_pkgdata_DATA += engine/data/spam.model

# Programs of the build tree look for it beside themselves.
all-local: spam.model
spam.model: engine/data/spam.model
	$(AM_V_GEN)cp $(srcdir)/engine/data/spam.model $@
CLEANFILES += spam.model

EXTRA_DIST += engine/data/README.md
