/* The second way of a log: datagrams to the syslog of this machine or of another.
 *
 * The sockets come from the master, for this role can make none.  Nothing here waits: what a socket does not take is kept
 * up to a bound and tried again, what is beyond is lost and counted.
 */
#ifndef LOG_SYSLOG_H
#define LOG_SYSLOG_H

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/wire/wire.h"

struct syslog;

/* destination as the field syslog of a log has it, not "none"; log is the name of the log. */
struct syslog *syslog_open(struct span destination, const char *log);
/* What is kept goes now or not at all. */
void syslog_close(struct syslog *syslog);
bool syslog_leads_to(const struct syslog *syslog, struct span destination);

/* "<pri>Mmm dd hh:mm:ss NAME: " and the text (RFC 3164 4.1, without the host). */
void syslog_add(struct syslog *syslog, int priority, int64_t wall_us, struct span text);
/* Now and then: sends what is kept, asks for a socket when there is none, logs what was lost. */
void syslog_tick(struct syslog *syslog);

/* MSG_SYSLOG; takes over fd. */
void syslog_take_socket(struct wire_reader *in, int fd);

#endif
