/* Numbers of messages and connections, from blocks that the queue has reserved durably. */
#ifndef SMTP_IDS_H
#define SMTP_IDS_H

#include <stdbool.h>

#include "daemon/protocol.h"

/* False while there is none: the queue is away or has not answered yet. */
bool ids_take(enum id_kind kind, uint64_t *id);
void ids_add_block(enum id_kind kind, uint64_t first, uint32_t count);
/* The queue is there (again) and knows of no request: asks for what is short. */
void ids_ask_queue(void);

#endif
