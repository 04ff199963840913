/* The candidate of a session: when it begins, follows the head, and ends. */
#include "daemon/control/config_session.h"

#include "daemon/control/head.h"

static void begin(struct session_config *c)
{
    config_candidate_begin(&c->candidate, head_manifest()->revision, head_tree());
    c->begun = true;
    c->rollback_of = 0;
}

struct config_candidate *session_config_use(struct session_config *c)
{
    if (!c->begun) {
        begin(c);
    } else if (c->candidate.base_revision != head_manifest()->revision && !c->pieces &&
               !config_candidate_is_changed(&c->candidate)) {
        config_candidate_end(&c->candidate);
        begin(c);
    }
    return &c->candidate;
}

void session_config_drop_pieces(struct session_config *c)
{
    if (c->pieces)
        config_tree_unref(c->pieces);
    c->pieces = NULL;
}

void session_config_end(struct session_config *c)
{
    session_config_drop_pieces(c);
    if (c->begun)
        config_candidate_end(&c->candidate);
    json_decref(c->conflicts.elements);
    *c = (struct session_config){0};
}
