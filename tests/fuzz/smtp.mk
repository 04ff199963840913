# Fuzz target of everything that reads SMTP.
noinst_PROGRAMS += fuzz_smtp
fuzz_smtp_SOURCES = %D%/fuzz_smtp.c
fuzz_smtp_LDADD = libengine.a
fuzz_smtp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
