/* The table of errors. */
#include "engine/wire/api.h"

const struct api_error_row api_errors[API_ERROR_COUNT] = {
#define ERROR(id, code, status, phrase) {code, status, phrase},
#include "engine/wire/errors.def"
#undef ERROR
};
