UNIT_TESTS += test_route test_spool test_store test_relay test_seven_bit test_queue test_queue_trouble test_queue_delivery
UNIT_TESTS += test_queue_archive test_queue_change test_queue_config test_queue_alternates test_queue_multiscan test_queue_notice \
	test_queue_numbers test_queue_dsn

test_route_SOURCES = tests/unit/test_route.c
test_route_LDADD = libdaemon.a $(TEST_LIBS)

test_spool_SOURCES = tests/unit/test_spool.c tests/unit/folder_fixture.h
test_spool_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync -Wl,--wrap=fsync -Wl,--wrap=posix_fallocate -Wl,--wrap=pwritev
test_spool_LDADD = libqueue.a $(TEST_LIBS) $(CRYPTO_LIBS)

test_store_SOURCES = tests/unit/test_store.c
test_store_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_store_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_relay_SOURCES = tests/unit/test_relay.c
test_relay_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_relay_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_seven_bit_SOURCES = tests/unit/test_seven_bit.c
test_seven_bit_LDADD = $(TEST_LIBS)

# The whole role behind its hooks, with the test as its peers.
QUEUE_PEERS = tests/unit/queue_peers.c tests/unit/queue_peers.h tests/unit/folder_fixture.h daemon/queue/queue.c
test_queue_SOURCES = tests/unit/test_queue.c $(QUEUE_PEERS)
test_queue_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync -Wl,--wrap=compact_step
test_queue_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_queue_trouble_SOURCES = tests/unit/test_queue_trouble.c $(QUEUE_PEERS)
test_queue_trouble_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_trouble_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync -Wl,--wrap=pwritev -Wl,--wrap=pread \
	-Wl,--wrap=sqlite3_wal_checkpoint_v2
test_queue_trouble_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_queue_delivery_SOURCES = tests/unit/test_queue_delivery.c $(QUEUE_PEERS)
test_queue_delivery_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_delivery_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync -Wl,--wrap=renameat
test_queue_delivery_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_queue_dsn_SOURCES = tests/unit/test_queue_dsn.c $(QUEUE_PEERS)
test_queue_dsn_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_dsn_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync
test_queue_dsn_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_queue_config_SOURCES = tests/unit/test_queue_config.c $(QUEUE_PEERS)
test_queue_config_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_config_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync
test_queue_config_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_queue_numbers_SOURCES = tests/unit/test_queue_numbers.c $(QUEUE_PEERS)
test_queue_numbers_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_numbers_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync
test_queue_numbers_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_queue_multiscan_SOURCES = tests/unit/test_queue_multiscan.c $(QUEUE_PEERS)
test_queue_multiscan_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_multiscan_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync
test_queue_multiscan_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_queue_notice_SOURCES = tests/unit/test_queue_notice.c $(QUEUE_PEERS)
test_queue_notice_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_notice_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync
test_queue_notice_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

test_queue_change_SOURCES = tests/unit/test_queue_change.c $(QUEUE_PEERS)
test_queue_change_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_change_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync
test_queue_change_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)
test_queue_alternates_SOURCES = tests/unit/test_queue_alternates.c $(QUEUE_PEERS)
test_queue_alternates_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_alternates_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync -Wl,--wrap=store_commit
test_queue_alternates_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)
test_queue_archive_SOURCES = tests/unit/test_queue_archive.c $(QUEUE_PEERS)
test_queue_archive_CPPFLAGS = $(libqueue_a_CPPFLAGS)
test_queue_archive_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync -Wl,--wrap=store_commit
test_queue_archive_LDADD = $(QUEUE_LIBS) $(CMOCKA_LIBS)

# What mailwardd-stores does.
UNIT_TESTS += test_backup
test_backup_SOURCES = tests/unit/test_backup.c tests/unit/folder_fixture.h $(stores_sources)
test_backup_CPPFLAGS = $(STORES_CPPFLAGS)
test_backup_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=bodies_open -Wl,--wrap=rename
test_backup_LDADD = $(STORES_LIBS) $(CMOCKA_LIBS)
