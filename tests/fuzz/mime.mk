if FUZZING
noinst_PROGRAMS += fuzz_mime
fuzz_mime_SOURCES = tests/fuzz/fuzz_mime.c
fuzz_mime_LDADD = libengine.a
fuzz_mime_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
EXTRA_DIST += tests/fuzz/fuzz_mime.dict
