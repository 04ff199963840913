/* What mailwardd says about itself: --help and its manual page, both from the tables of options and settings. */
#ifndef MASTER_MANUAL_H
#define MASTER_MANUAL_H

#include "engine/base/buf.h"

void manual_usage(struct buf *out);
/* mailwardd(8), as checked in under doc/; tests/lint/generated.py compares. */
void manual_page(struct buf *out);

#endif
