/* What tests of the judging function start with: a model that knows only a prior, a message, and what is delivered of it. */
#ifndef UNIT_JUDGE_FIXTURE_H
#define UNIT_JUDGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "engine/judge/judge.h"
#include "engine/scan/model.h"

static const char trace[] = "Received: from a.example by gw.example; Fri, 20 Nov 2026 12:00:00 +0000\r\n";
enum { TRACE = sizeof trace - 1 };

/* What every test starts with; the model knows only a prior, so the prior is the score. */
struct world {
    struct arena *arena;
    struct buf model_file, message;
    struct scan_model *model;
    struct judge_runtime rt;
    struct judge_result result;
    char breadcrumb[64];
    bool outbound;
};

static struct judge_policy *incoming(struct world *w)
{
    return &w->rt.policies[JUDGE_INCOMING];
}

static void set_log_odds(struct world *w, double log_odds)
{
    static const int8_t weights[1 << SCAN_MODEL_LEAST_BITS];
    struct error error;
    scan_model_free(w->model);
    buf_clear(&w->model_file);
    scan_model_put(&w->model_file, &(struct scan_model_parameters){.table_bits = SCAN_MODEL_LEAST_BITS,
                                                                   .weights = weights,
                                                                   .prior = log_odds,
                                                                   .slope = 1});
    w->model = scan_model_parse(buf_span(&w->model_file), SCAN_ASK_SPAM, &error);
    assert_non_null(w->model);
    w->rt.model = w->model;
}

static int world_begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->arena = arena_new();
    judge_runtime_defaults(&w->rt);
    set_log_odds(w, -5);
    *state = w;
    return 0;
}

static int world_end(void **state)
{
    struct world *w = *state;
    scan_model_free(w->model);
    buf_free(&w->model_file);
    buf_free(&w->message);
    arena_free(w->arena);
    free(w);
    return 0;
}

static const struct judge_child *judge(struct world *w, const char *text)
{
    static const struct span recipients[] = {{"ann@gw.example", 14}, {"bob@gw.example", 14}};
    buf_clear(&w->message);
    buf_printf(&w->message, "%s%s", trace, text);
    struct judge_input input = {.message = buf_span(&w->message),
                                .trace_bytes = TRACE,
                                .outbound = w->outbound,
                                .recipients = recipients,
                                .recipient_count = 2};
    struct judge_breadcrumb breadcrumb = {w->breadcrumb, sizeof w->breadcrumb};
    judge_message(&w->rt, &input, &breadcrumb, w->arena, &w->result);
    assert_int_equal(w->result.child_count, 1);
    return &w->result.children[0];
}

/* The message as it is delivered. */
static const char *edited(struct world *w, const struct judge_child *child)
{
    struct buf out = {0};
    size_t at = 0;
    for (uint32_t i = 0; i < child->edit_count; i++) {
        const struct judge_edit *e = &child->edits[i];
        buf_append(&out, w->message.data + at, e->offset - at);
        buf_append_span(&out, e->insert);
        at = e->offset + e->length;
    }
    buf_append(&out, w->message.data + at, w->message.len - at);
    const char *text = arena_text(w->arena, buf_span(&out));
    buf_free(&out);
    return text;
}

static void expect_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

#endif
