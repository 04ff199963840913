# The bench: its sender and its next hop are C, so that they do not measure themselves.
check_PROGRAMS += bench-load bench-sink scan-load
scan_load_SOURCES = tests/perf/scan_load.c
scan_load_CFLAGS = $(AM_CFLAGS) -pthread
bench_load_SOURCES = tests/perf/load.c
bench_sink_SOURCES = tests/perf/count_sink.c
EXTRA_DIST += tests/perf/bench.py tests/perf/bench_accuracy.py tests/perf/bench_config.py tests/perf/bench_graymail.py tests/perf/bench_scan.py tests/perf/bench_shell.py tests/perf/bird.py tests/perf/corpus.py tests/perf/multiscan.py

bench: all bench-load bench-sink scan-load
	@MAILWARD_BUILD=$(abs_builddir) $(abs_srcdir)/tests/perf/bench.py $(if $(CORPUS),--corpus=$(CORPUS)) $(if $(LABELS),--labels=$(LABELS)) $(BENCH_OPTIONS)
