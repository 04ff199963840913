/* The header edits that a verdict asks for. */
#ifndef JUDGE_HEADER_EDITS_H
#define JUDGE_HEADER_EDITS_H

#include "engine/judge/judge.h"
#include "engine/judge/resolve.h"
#include "engine/scan/model.h"
#include "engine/scan/rules.h"

/* By what a message was judged. */
struct judge_findings {
    const struct scan_model *model;
    const struct scan_rules *rules;
    const struct scan_hits *spam_hits, *graymail_hits; /* NULL: none */
    const struct peer_verdict *peers;                  /* PEER_COUNT of them; NULL: none */
    bool phdr;                                         /* IronPort-PHdr is to be there */
};

/* Fills in child->edits.  Mail that was scanned gets the headers of the engines before everything else, where no text
 * of the sender can be glued to them; marks (an array by engine, NULL for none) add their headers there and change the
 * subject, the later engine's text being further from it.  Headers of our names that the sender put in are taken out of
 * any mail, as they would speak for this gateway.  The body is never touched. */
void judge_edit_headers(const struct judge_input *input, const struct mime_view *view,
                        const struct judge_findings *findings,
                        const struct judge_treatment *const marks[JUDGE_ENGINES], struct arena *arena,
                        struct judge_child *child);

#endif
