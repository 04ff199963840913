/* The methods learning.list, .status, .export, .undo, .reset and learning.learn. */
#ifndef CONTROL_LEARNING_METHODS_H
#define CONTROL_LEARNING_METHODS_H

#include <jansson.h>
#include <stdint.h>

void learning_list(uint64_t session, json_t *request);
void learning_status(uint64_t session, json_t *request);
void learning_export(uint64_t session, json_t *request);
void learning_undo(uint64_t session, json_t *request);
void learning_reset(uint64_t session, json_t *request);
void learning_learn(uint64_t session, json_t *request);

#endif
