/* A model at work: mapping, scoring, calibration. */
#define _GNU_SOURCE /* O_CLOEXEC */
#include "engine/scan/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/xalloc.h"
#include "engine/scan/model_file.h"
#include "engine/scan/score.h"

struct scan_model {
    struct scan_model_parameters p;
    uint64_t checksum;
    struct span mapping; /* empty when somebody else owns the bytes */
};

struct scan_model *scan_model_parse(struct span file, enum scan_question question, struct error *error)
{
    struct scan_model model = {0};
    if (!scan_model_get(file, &model.p, &model.checksum, error))
        return NULL;
    if (model.p.question != question) {
        error_set(error, "model: it tells %s, not %s", scan_question_name(model.p.question),
                  scan_question_name(question));
        return NULL;
    }
    struct scan_model *copy = xmalloc(sizeof *copy);
    *copy = model;
    return copy;
}

static bool map_file(int fd, const char *path, struct span *mapping, struct error *error)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_set_errno(error, "%s", path);
    if (!S_ISREG(st.st_mode) || st.st_size == 0)
        return error_set(error, "%s: model: not a model file", path);
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return error_set_errno(error, "%s: cannot map", path);
    *mapping = span_of(bytes, (size_t)st.st_size);
    return true;
}

struct scan_model *scan_model_load(const char *path, enum scan_question question, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_set_errno(error, "%s", path);
        return NULL;
    }
    struct span mapping;
    bool mapped = map_file(fd, path, &mapping, error);
    close(fd);
    if (!mapped)
        return NULL;
    struct error why;
    struct scan_model *model = scan_model_parse(mapping, question, &why);
    if (!model) {
        munmap((void *)mapping.p, mapping.n);
        error_set(error, "%s: %s", path, why.text);
        return NULL;
    }
    model->mapping = mapping;
    return model;
}

void scan_model_free(struct scan_model *model)
{
    if (!model)
        return;
    if (model->mapping.n)
        munmap((void *)model->mapping.p, model->mapping.n);
    free(model);
}

static int32_t weight_of(const struct scan_model *model, uint32_t feature)
{
    return scan_model_weight(model->p.weights[scan_model_index(model->p.table_bits, feature)]);
}

/* Integer sums: the same on every machine. */
static int32_t family_sum(const struct scan_model *model, const struct scan_features *features,
                          unsigned family)
{
    int32_t sum = 0;
    for (uint32_t i = features->start[family]; i < features->start[family + 1]; i++)
        sum += weight_of(model, features->ids[i]);
    return sum;
}

void scan_model_score(const struct scan_model *model, const struct scan_features *features,
                      struct scan_score *score)
{
    double unit = model->p.slope * model->p.weight_unit, values[SCAN_FAMILIES];
    scan_feature_values(features, model->p.left_out, values);
    *score = (struct scan_score){.prior = model->p.slope * (model->p.prior - model->p.offset)};
    score->log_odds = score->prior;
    for (unsigned family = 0; family < SCAN_FAMILIES; family++) {
        score->families[family] = unit * values[family] * family_sum(model, features, family);
        score->log_odds += score->families[family];
    }
    double fact_unit = unit * values[SCAN_FACTS];
    const uint32_t *fact_id = features->ids + features->start[SCAN_FACTS];
    for (unsigned fact = 0; fact < SCAN_FACT_COUNT; fact++)
        if (features->facts >> fact & 1)
            score->facts[fact] = fact_unit * weight_of(model, *fact_id++);
    double rule_unit = unit * values[SCAN_RULES];
    for (uint32_t i = features->start[SCAN_RULES]; i < features->start[SCAN_RULES + 1]; i++)
        score->rules[i - features->start[SCAN_RULES]] = rule_unit * weight_of(model, features->ids[i]);
    score->score = scan_score_of_log_odds(score->log_odds);
}

uint32_t scan_model_left_out(const struct scan_model *model)
{
    return model->p.left_out;
}

uint32_t scan_model_id(const struct scan_model *model)
{
    return (uint32_t)(model->checksum >> 32);
}

struct span scan_model_description(const struct scan_model *model)
{
    return model->p.description;
}
