libengine_a_SOURCES += \
	%D%/cluster.c %D%/cluster.h \
	%D%/candidate.c %D%/candidate.h %D%/check.c %D%/check_effect.c %D%/check_listeners.c %D%/check.h \
	%D%/chunk_json.c %D%/diff.c %D%/doubts.h %D%/doubts_gateway.c %D%/doubts_scanning.c %D%/table.c %D%/table.h \
	%D%/tree.c %D%/tree.h %D%/xml.c %D%/xml.h
