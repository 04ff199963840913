# Fuzz target of packages and manifests of updates.
noinst_PROGRAMS += fuzz_package
fuzz_package_SOURCES = %D%/fuzz_package.c
fuzz_package_LDADD = libengine.a
fuzz_package_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
