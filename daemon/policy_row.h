/* From the row of a mail policy to what judging goes by. */
#ifndef DAEMON_POLICY_ROW_H
#define DAEMON_POLICY_ROW_H

#include "engine/judge/judge.h"
#include "engine/schema/schema.h"

/* The row is of SCHEMA_INCOMING_POLICY or SCHEMA_OUTGOING_POLICY; texts are copied into texts. */
struct judge_policy policy_row_read(const struct schema_row *row, struct arena *texts);

#endif
