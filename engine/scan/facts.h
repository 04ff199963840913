/* Facts of a message's structure that spam and other mail differ in, each with a name that a score can show. */
#ifndef SCAN_FACTS_H
#define SCAN_FACTS_H

#include <stdint.h>

#include "engine/mime/view.h"

enum { SCAN_FACT_COUNT = 26 };

/* Bit i is set when fact i holds of the message. */
uint64_t scan_facts_of(const struct mime_view *view);

/* "html only", "hidden text", ...; fact is below SCAN_FACT_COUNT. */
const char *scan_fact_name(unsigned fact);

#endif
