/* A certificate for an instance that has none (R23). */
#ifndef CONTROL_SELF_SIGNED_H
#define CONTROL_SELF_SIGNED_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

/* Appends a new key (EC P-256) and its self-signed certificate for this host name, valid for ten years, both in PEM. */
bool self_signed_make(const char *hostname, struct buf *certificate, struct buf *private_key,
                      struct error *error);

#endif
