/* The lines of a log-in: banner, the log-in before this one, version, welcome and idle limit. */
#include "shell/welcome.h"

#include "commands/values.h"
#include "config.h"
#include "engine/base/text.h"
#include "shell/state.h"

/* A line of the banner may hold anything; no byte of it is for the terminal. */
static void put_banner(struct buf *out, struct span banner)
{
    while (banner.n) {
        size_t end = span_find(banner, '\n');
        text_from_wire(out, span_slice(banner, 0, end), end);
        buf_append_char(out, '\n');
        banner = span_slice(banner, end + 1, banner.n);
    }
}

static void put_last_login(struct buf *out, const json_t *last)
{
    const char *from = text_of(last, "from");
    if (!json_is_object(last))
        return;
    buf_printf(out, "Last login: ");
    time_put(out, json_integer_value(json_object_get(last, "begin")));
    if (*from)
        buf_printf(out, " from %s", from);
    buf_append_char(out, '\n');
}

void welcome_show(struct shell *sh, const json_t *welcome)
{
    const json_t *banner = json_object_get(welcome, "banner");
    struct buf text = {0};
    put_banner(&text, (struct span){json_string_value(banner), json_string_length(banner)});
    put_last_login(&text, json_object_get(welcome, "last_login"));
    buf_printf(&text,
               PACKAGE_STRING "\n\nWelcome to mailward, the mail-security gateway of %s.\n\n"
                              "NOTE: This session ends after %d idle minutes.  Changes that have not been\n"
                              "committed by then are lost.\n\n",
               shell_hostname(sh), (int)json_integer_value(json_object_get(welcome, "idle_minutes")));
    writer_put(&sh->out, buf_span(&text));
    buf_free(&text);
}
