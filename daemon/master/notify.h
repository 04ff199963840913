/* Telling the service manager how we are (sd_notify(3)). */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

/* state: "READY=1" or "STOPPING=1".  Does nothing when nobody asked to be told. */
void notify_service_manager(const char *state);

#endif
