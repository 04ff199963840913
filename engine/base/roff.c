/* Text for manual pages. */
#include "engine/base/roff.h"

/* The day on which the words of the pages were last gone over; lists come from tables at any time. */
#define PAGE_DATE "2026-11-22"

/* A '-' that is typed is \-, a backslash is \e, and a line may not begin with a dot or a quote. */
void roff_text(struct buf *out, const char *text)
{
    bool begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\''))
            buf_printf(out, "\\&");
        if (*text == '\\')
            buf_printf(out, "\\e");
        else if (*text == '-')
            buf_printf(out, "\\-");
        else
            buf_append_char(out, *text);
        begins = *text == '\n';
    }
}

void roff_page(struct buf *out, const char *program, const char *title, int section)
{
    buf_printf(out,
               ".\\\" Made by %s --describe: change the tables, not this page.\n"
               ".TH %s %d " PAGE_DATE " mailward \"Mail security\"\n",
               program, title, section);
}

void roff_item(struct buf *out, const char *head, const char *help)
{
    buf_printf(out, ".TP\n.B ");
    roff_text(out, head);
    buf_append_char(out, '\n');
    roff_text(out, help);
    buf_append_char(out, '\n');
}
