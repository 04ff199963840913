# The judges of durability: short in `make check`, in full by `make check-durability`.
DURABILITY_NEEDS = fail_sync.so
DURABILITY_FOLDER = $(abs_srcdir)/tests/durability
DURABILITY_SHORT = \
	'$(DURABILITY_FOLDER)/powercut.py --cuts 2' \
	'$(DURABILITY_FOLDER)/powercut.py --cuts 1 --without-sync' \
	'$(DURABILITY_FOLDER)/update_powercut.py --cuts 3' \
	'$(DURABILITY_FOLDER)/update_powercut.py --cuts 1 --without-sync' \
	'$(DURABILITY_FOLDER)/kills.py --kills 2' \
	'$(DURABILITY_FOLDER)/kills.py --kills 2 --moving queue' \
	'$(DURABILITY_FOLDER)/fsync_failures.py --messages 200'
DURABILITY_FULL = \
	'$(DURABILITY_FOLDER)/powercut.py --cuts 20' \
	'$(DURABILITY_FOLDER)/powercut.py --cuts 3 --without-sync' \
	'$(DURABILITY_FOLDER)/update_powercut.py --cuts 20' \
	'$(DURABILITY_FOLDER)/update_powercut.py --cuts 3 --without-sync' \
	'$(DURABILITY_FOLDER)/kills.py --kills 20' \
	'$(DURABILITY_FOLDER)/kills.py --kills 10 --moving queue smtp' \
	'$(DURABILITY_FOLDER)/fsync_failures.py --messages 500'

EXTRA_DIST += tests/durability/disk.py tests/durability/fail_sync.c tests/durability/fsync_failures.py \
	tests/durability/judge.py tests/durability/kills.py tests/durability/powercut.py tests/durability/shim.py \
	tests/durability/update_powercut.py
CLEANFILES += fail_sync.so

fail_sync.so: tests/durability/fail_sync.c
	$(AM_V_CCLD)$(CC) -std=c11 $(WARN_CFLAGS) $(CFLAGS) -shared -fPIC -o $@ $(srcdir)/tests/durability/fail_sync.c -ldl

check-durability: all $(DURABILITY_NEEDS)
	@cd $(abs_builddir) && MAILWARD_BUILD=$(abs_builddir) $(abs_srcdir)/tests/run --verbose --jobs 1 --limit 3600 \
		$(DURABILITY_FULL)
