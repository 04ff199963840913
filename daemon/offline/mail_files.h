/* Messages from files, folders and mbox files, for the offline tools. */
#ifndef TOOLS_MAIL_FILES_H
#define TOOLS_MAIL_FILES_H

#include "engine/base/error.h"
#include "engine/base/span.h"

/* name is the path, with "#2", "#3" ... appended for the messages of an mbox file after the first. */
typedef void mail_files_visit(void *context, const char *name, struct span message);

/* Visits every message under path: a file is one message, or an mbox when it begins with "From "; a folder is
 * walked in the order of names, without what begins with a dot.  False when something cannot be read, with the reason of
 * the first such thing; all others have been visited. */
bool mail_files_walk(const char *path, mail_files_visit *visit, void *context, struct error *error);

#endif
