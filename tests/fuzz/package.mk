# Fuzz target of packages and manifests of updates.
FUZZ_TARGETS += fuzz_package
fuzz_package_SOURCES = %D%/fuzz_package.c
fuzz_package_LDADD = $(FUZZ_LIBS) libengine.a
fuzz_package_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)

# Feature keys.
FUZZ_TARGETS += fuzz_feature_key
fuzz_feature_key_SOURCES = %D%/fuzz_feature_key.c daemon/offline/package_key.c daemon/offline/package_key.h
fuzz_feature_key_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
fuzz_feature_key_LDADD = $(FUZZ_LIBS) libengine.a $(CRYPTO_LIBS)
fuzz_feature_key_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
