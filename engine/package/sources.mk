# Sources of this folder.
libengine_a_SOURCES += \
	%D%/components.def \
	%D%/feature_key.c %D%/feature_key.h \
	%D%/package.c %D%/package.h \
	%D%/package_verify.c \
	%D%/signed_text.c %D%/signed_text.h
