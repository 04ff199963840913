/* The hash that turns what a message holds into feature numbers: 64-bit multiply and xor-shift.
 *
 * A trained model is only valid for this very function, so it reads bytes in a fixed order whatever the machine,
 * and a change to it is a change of SCAN_FEATURE_VERSION.  It is not for tables that an attacker may flood: a
 * collision here costs nothing but a shared weight.
 */
#ifndef SCAN_HASH_H
#define SCAN_HASH_H

#include <stdint.h>

#include "engine/base/span.h"

static inline uint64_t scan_hash_mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 29;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

/* seed keeps apart what is hashed for different purposes. */
static inline uint64_t scan_hash_bytes(uint64_t seed, struct span s)
{
    uint64_t hash = scan_hash_mix(seed + s.n);
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t word = 0;
        for (size_t k = 0; k < 8; k++)
            word |= (uint64_t)(unsigned char)s.p[i + k] << (8 * k);
        hash = scan_hash_mix(hash ^ word);
    }
    uint64_t tail = 0;
    for (size_t k = 0; i + k < s.n; k++)
        tail |= (uint64_t)(unsigned char)s.p[i + k] << (8 * k);
    return scan_hash_mix(hash ^ tail);
}

#endif
