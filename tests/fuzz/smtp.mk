# Fuzz target of everything that reads SMTP.
noinst_PROGRAMS += fuzz_smtp
fuzz_smtp_SOURCES = %D%/fuzz_smtp.c
fuzz_smtp_LDADD = libengine.a
fuzz_smtp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

# Answers of name servers.
noinst_PROGRAMS += fuzz_dns
fuzz_dns_SOURCES = %D%/fuzz_dns.c daemon/smtp/dns_answer.c
fuzz_dns_LDADD = libengine.a
fuzz_dns_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
