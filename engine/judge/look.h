/* A look at a message, or at the first part of it: all that is found there before anything is judged. */
#ifndef JUDGE_LOOK_H
#define JUDGE_LOOK_H

#include "engine/judge/judge.h"
#include "engine/scan/features.h"
#include "engine/scan/rules.h"

struct judge_look {
    struct span part; /* as much of the message as was looked at; empty: nothing yet */
    struct mime_view view;
    struct scan_hits hits;
    bool partial;  /* a limit or the budget cut it short */
    bool graymail; /* rules about it are asked, too */
};

/* As much of the message as the scanner is to see: what is above its always-scan is looked at only so far. */
struct span judge_part_to_scan(const struct judge_scanner_settings *scanner, const struct judge_input *input);

/* View and hits of the part, within a budget of its own.  look->graymail is set before. */
void judge_look_at(const struct judge_runtime *rt, const struct judge_input *input, struct span part,
                   struct judge_breadcrumb *breadcrumb, struct arena *arena, struct judge_child *child,
                   struct judge_look *look);

/* The view of the headers alone, for a message that no engine looks at. */
void judge_look_at_headers(const struct judge_runtime *rt, const struct judge_input *input,
                           struct judge_breadcrumb *breadcrumb, struct arena *arena,
                           struct judge_child *child, struct judge_look *look);

/* Of all families, or else of those that the model has. */
void judge_extract_features(const struct judge_runtime *rt, const struct judge_input *input,
                            const struct judge_look *look, bool all, struct judge_breadcrumb *breadcrumb,
                            struct arena *arena, struct scan_features *features);

/* Whether the first header of that name has this value, in any case. */
bool judge_header_says(const struct mime_view *view, const char *name, struct span value);

void judge_enter_stage(struct judge_breadcrumb *breadcrumb, const char *stage);

#endif
