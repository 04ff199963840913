/* The methods certificate.*: what stands in the candidate's certificates, and a self-signed one put there. */
#ifndef CONTROL_CERTIFICATES_H
#define CONTROL_CERTIFICATES_H

#include <jansson.h>
#include <stdint.h>

void certificate_list(uint64_t session, json_t *request);
void certificate_make(uint64_t session, json_t *request);

#endif
