/* A part that holds no other parts: text for the view, or an attachment. */
#ifndef MIME_LEAF_H
#define MIME_LEAF_H

#include "engine/mime/entity.h"
#include "engine/mime/pass.h"

void mime_leaf(struct mime_pass *pass, const struct mime_entity *entity, struct span body);

#endif
