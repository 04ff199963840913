/* The model file: header, description, weights; little-endian; one checksum over all of it. */
#ifndef SCAN_MODEL_FILE_H
#define SCAN_MODEL_FILE_H

#include "engine/scan/model.h"

/* Checks every field and the checksum; parameters then point into file.  checksum may be NULL. */
bool scan_model_get(struct span file, struct scan_model_parameters *parameters, uint64_t *checksum,
                    struct error *error);

#endif
