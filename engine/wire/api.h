/* The control socket's protocol: frames of JSON, and the exit statuses that both sides share.
 *
 * A frame is u32 length, then one JSON object.  The daemon speaks first: {"protocol":1,"version":"..."}.  A
 * request is {"method":"...", ...}; it is answered by any number of {"text":"..."} frames and one last
 * {"status":N, "error":"...", "result":{...}}.
 */
#ifndef WIRE_API_H
#define WIRE_API_H

enum { API_PROTOCOL = 1, API_FRAME_MAX = 16 * 1024 * 1024 };

/* The exit status of every channel; one meaning each. */
enum api_status {
    API_DONE = 0,
    API_FAILED = 1,  /* no such object, wrong state */
    API_USAGE = 2,   /* unknown command, bad argument or value */
    API_REFUSED = 3, /* role, level, licence */
    API_UNREACHABLE = 6,
};

#endif
