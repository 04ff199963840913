/* Lines for problems, and one that moves. */
#include "daemon/stores/report.h"

#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/text.h"

enum { LINE_MOST = 2000, PROGRESS_US = 200 * 1000 };

void report_problem(struct report *r, const char *where, const char *help, const char *format, ...)
{
    struct buf text = {0}, safe = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    text_from_wire(&safe, buf_span(&text), LINE_MOST);
    fprintf(r->to, "%s: %s%s%s\n", where, buf_text(&safe), help ? "; " : "", help ? help : "");
    buf_free(&safe);
    buf_free(&text);
    r->problems++;
}

void report_progress(const char *doing, unsigned long long done, unsigned long long all)
{
    static int64_t next;
    int64_t now = clock_mono_us();
    if (!isatty(STDERR_FILENO) || (now < next && done < all))
        return;
    next = now + PROGRESS_US;
    fprintf(stderr, "\r%s: %llu of %llu%s", doing, done, all, done < all ? "" : "\n");
}
