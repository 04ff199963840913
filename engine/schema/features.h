/* Parts of the product that need a key: their numbers, as bits between roles. */
#ifndef SCHEMA_FEATURES_H
#define SCHEMA_FEATURES_H

#include <stdint.h>

enum schema_feature {
#define FEATURE(id, name, state, help, without) FEATURE_##id,
#include "engine/schema/features.def"
#undef FEATURE
    FEATURE_COUNT
};

static inline uint32_t feature_bit(enum schema_feature feature)
{
    return UINT32_C(1) << feature;
}

#endif
