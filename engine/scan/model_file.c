/* Reading and writing of model files.
 *
 *     8 bytes  "mwmodel\n"              8  IEEE 754 double: weight unit
 *     4        format, 3                8  prior
 *     4        feature version          8  slope
 *     4        table bits               8  offset
 *     4        length of description    8  checksum over all other bytes
 *     16       question, NUL-padded
 *     4        bit set of families that are left out, 4 bytes 0
 *     description, then 2^bits signed bytes: the weights, see scan_model_weight()
 */
#include "engine/scan/model_file.h"

#include <math.h>
#include <stdlib.h>

#include "engine/scan/hash.h"
#include "engine/wire/wire.h"

enum { FORMAT = 3, QUESTION_SIZE = 16, CHECKSUM_AT = 80, HEADER_SIZE = 88 };

static const struct span magic = {"mwmodel\n", 8};

static const char *const questions[SCAN_QUESTIONS] = {"spam", "graymail"};

const char *scan_question_name(enum scan_question question)
{
    return questions[question];
}

bool scan_question_of_name(struct span name, enum scan_question *question)
{
    for (unsigned i = 0; i < SCAN_QUESTIONS; i++) {
        if (span_equal(name, span_text(questions[i]))) {
            *question = (enum scan_question)i;
            return true;
        }
    }
    return false;
}

static uint64_t checksum_of(struct span file)
{
    uint64_t head = scan_hash_bytes(0, span_slice(file, 0, CHECKSUM_AT));
    return scan_hash_bytes(head, span_slice(file, HEADER_SIZE, file.n));
}

static void put_question(struct buf *out, enum scan_question question)
{
    char field[QUESTION_SIZE] = {0};
    memcpy(field, questions[question], strlen(questions[question]));
    buf_append(out, field, sizeof field);
}

/* The name ends at the first NUL, if there is one. */
static bool get_question(struct wire_reader *in, enum scan_question *question, struct error *error)
{
    struct span field = span_slice(in->rest, 0, QUESTION_SIZE);
    in->rest = span_slice(in->rest, QUESTION_SIZE, in->rest.n);
    if (!scan_question_of_name(span_slice(field, 0, span_find(field, '\0')), question))
        return error_set(error, "model: it answers a question that this program does not ask");
    return true;
}

static bool get_left_out(struct wire_reader *in, uint32_t *left_out, struct error *error)
{
    uint64_t set = wire_get_u64(in);
    if (set >> SCAN_FAMILIES)
        return error_set(error, "model: it leaves out a family that this program does not know");
    *left_out = (uint32_t)set;
    return true;
}

static void put_double(struct buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    wire_put_u64(out, bits);
}

static double get_double(struct wire_reader *in)
{
    uint64_t bits = wire_get_u64(in);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void scan_model_put(struct buf *out, const struct scan_model_parameters *p)
{
    struct buf head = {0};
    if (p->table_bits < SCAN_MODEL_LEAST_BITS || p->table_bits > SCAN_FEATURE_BITS ||
        p->description.n > SCAN_MODEL_DESCRIPTION_MAX)
        abort();
    size_t begin = out->len;
    buf_append_span(out, magic);
    wire_put_u32(out, FORMAT);
    wire_put_u32(out, SCAN_FEATURE_VERSION);
    wire_put_u32(out, p->table_bits);
    wire_put_u32(out, (uint32_t)p->description.n);
    put_question(out, p->question);
    wire_put_u64(out, p->left_out);
    put_double(out, p->weight_unit);
    put_double(out, p->prior);
    put_double(out, p->slope);
    put_double(out, p->offset);
    wire_put_u64(out, 0);
    buf_append_span(out, p->description);
    buf_append(out, p->weights, (size_t)1 << p->table_bits);
    wire_put_u64(&head, checksum_of(span_slice(buf_span(out), begin, out->len)));
    memcpy(out->data + begin + CHECKSUM_AT, head.data, head.len);
    buf_free(&head);
}

static bool get_numbers(struct wire_reader *in, struct scan_model_parameters *p, struct error *error)
{
    p->weight_unit = get_double(in);
    p->prior = get_double(in);
    p->slope = get_double(in);
    p->offset = get_double(in);
    /* Far more than any trained model has, and far from overflow when summed up. */
    const double limit = 1e6;
    if (!(p->weight_unit >= 0 && p->weight_unit <= limit) || !(fabs(p->prior) <= limit) ||
        !(p->slope > 0 && p->slope <= limit) || !(fabs(p->offset) <= limit))
        return error_set(error, "model: a number is out of range");
    return true;
}

bool scan_model_get(struct span file, struct scan_model_parameters *p, uint64_t *checksum,
                    struct error *error)
{
    if (!span_equal(span_slice(file, 0, magic.n), magic))
        return error_set(error, "model: not a model file");
    if (file.n < HEADER_SIZE)
        return error_set(error, "model: the file is cut short");
    struct wire_reader in = wire_reader_of(span_slice(file, magic.n, HEADER_SIZE - magic.n));
    uint32_t format = wire_get_u32(&in), features = wire_get_u32(&in), bits = wire_get_u32(&in);
    size_t description = wire_get_u32(&in);
    if (format != FORMAT)
        return error_set(error, "model: file format %u, this program reads %u", format, (unsigned)FORMAT);
    if (features != SCAN_FEATURE_VERSION)
        return error_set(error, "model: made for feature version %u, this program has %u", features,
                         (unsigned)SCAN_FEATURE_VERSION);
    if (bits < SCAN_MODEL_LEAST_BITS || bits > SCAN_FEATURE_BITS || description > SCAN_MODEL_DESCRIPTION_MAX)
        return error_set(error, "model: a size is out of range");
    size_t weights = (size_t)1 << bits;
    if (file.n != HEADER_SIZE + description + weights)
        return error_set(error, "model: %zu bytes long, should be %zu", file.n,
                         HEADER_SIZE + description + weights);
    if (!get_question(&in, &p->question, error) || !get_left_out(&in, &p->left_out, error) ||
        !get_numbers(&in, p, error))
        return false;
    uint64_t stated = wire_get_u64(&in);
    if (stated != checksum_of(file))
        return error_set(error, "model: wrong checksum, the file is damaged");
    p->table_bits = bits;
    p->description = span_slice(file, HEADER_SIZE, description);
    p->weights = (const int8_t *)file.p + HEADER_SIZE + description;
    if (checksum)
        *checksum = stated;
    return true;
}
