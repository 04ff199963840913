/* The header edits that a verdict asks for. */
#ifndef JUDGE_HEADER_EDITS_H
#define JUDGE_HEADER_EDITS_H

#include "engine/judge/judge.h"
#include "engine/scan/model.h"

/* Fills in child->edits from its verdict and score: the two anti-spam headers before everything else (unless the
 * message was not scanned), where no text of the sender can be glued to them; subject_text right before the
 * subject's value; and headers of their names that the sender put in are taken out, as they would speak for this
 * gateway.  The body is never touched. */
void judge_edit_headers(const struct judge_input *input, const struct mime_view *view,
                        const struct scan_model *model, const char *subject_text, struct arena *arena,
                        struct judge_child *child);

#endif
