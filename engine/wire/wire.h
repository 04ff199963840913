/* Typed put and get for messages between roles: fixed-width little-endian numbers and length-prefixed bytes.
 *
 * A reader never goes past its end.  The first get that would do so marks the reader as failed, and every get
 * from then on returns zero; wire_reader_done() tells at the end whether the whole message was well-formed and
 * used up.  Each field is to be checked as if it came from an attacker.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/span.h"

struct wire_reader {
    struct span rest;
    bool failed;
};

void wire_put_u8(struct buf *out, uint8_t value);
void wire_put_u16(struct buf *out, uint16_t value);
void wire_put_u32(struct buf *out, uint32_t value);
void wire_put_u64(struct buf *out, uint64_t value);
void wire_put_i64(struct buf *out, int64_t value);
void wire_put_span(struct buf *out, struct span value);

struct wire_reader wire_reader_of(struct span message);
uint8_t wire_get_u8(struct wire_reader *in);
uint16_t wire_get_u16(struct wire_reader *in);
uint32_t wire_get_u32(struct wire_reader *in);
uint64_t wire_get_u64(struct wire_reader *in);
int64_t wire_get_i64(struct wire_reader *in);
/* Points into the message: valid as long as that is. */
struct span wire_get_span(struct wire_reader *in);
/* A count of elements of at least least_size bytes each: fails when the rest cannot hold so many, so that a
 * forged count never makes the caller allocate. */
uint32_t wire_get_count(struct wire_reader *in, size_t least_size);
/* True when nothing failed and nothing is left over. */
bool wire_reader_done(const struct wire_reader *in);

#endif
