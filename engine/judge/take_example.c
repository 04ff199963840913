/* judge_take_example(): what is learned from is seen as the judge sees it. */
#include "engine/judge/look.h"
#include "engine/judge/reasons.h"
#include "engine/scan/example.h"

/* What stays the same when a message is passed on: who wrote it, when, under which name. */
static struct span identity_of(const struct mime_view *view, struct arena *arena)
{
    static const char *const names[] = {"Message-ID", "Date", "From"};
    struct span identity = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct mime_header *h = mime_view_header(view, names[i]);
        struct span value = span_slice(h ? span_trim(h->value) : (struct span){0}, 0, SCAN_IDENTITY_MOST / 4);
        identity = arena_printf(arena, "%.*s%.*s\n", (int)identity.n, identity.n ? identity.p : "",
                                (int)value.n, value.n ? value.p : "");
    }
    return identity;
}

void judge_take_example(const struct judge_runtime *rt, const struct judge_input *input,
                        struct judge_breadcrumb *breadcrumb, struct arena *arena,
                        struct scan_example *example)
{
    const struct judge_scanner_settings *scanner = &rt->scanners[JUDGE_SCANNER_ANTISPAM];
    struct judge_child nobody = {0};
    struct judge_look look = {0};
    struct scan_features features;
    struct scan_score score;
    judge_look_at(rt, input, judge_part_to_scan(scanner, input), breadcrumb, arena, &nobody, &look);
    judge_extract_features(rt, input, &look, true, breadcrumb, arena, &features);
    scan_model_score(rt->model, &features, &score);
    *example = (struct scan_example){.version = SCAN_EXAMPLE_VERSION,
                                     .log_odds = judge_milli(score.log_odds),
                                     .identity = identity_of(&look.view, arena)};
    scan_sample_take(&features, &example->sample);
}
