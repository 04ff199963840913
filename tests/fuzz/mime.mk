# The view of any bytes; run it with -dict=fuzz_mime.dict.
noinst_PROGRAMS += fuzz_mime
fuzz_mime_SOURCES = %D%/fuzz_mime.c
fuzz_mime_LDADD = libengine.a
fuzz_mime_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

# Messages for next hops without 8BITMIME.
noinst_PROGRAMS += fuzz_seven_bit
fuzz_seven_bit_SOURCES = %D%/fuzz_seven_bit.c
fuzz_seven_bit_LDADD = libengine.a
fuzz_seven_bit_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
