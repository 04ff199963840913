/* --help and mailwardd(8). */
#include "daemon/master/manual.h"

#include <string.h>

#include "daemon/master/options.h"
#include "daemon/role.h"
#include "engine/base/roff.h"

static void put_head(struct buf *out, const struct option_row *row)
{
    buf_printf(out, "--%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
}

void manual_usage(struct buf *out)
{
    buf_printf(out, "usage: mailwardd [--private DIR | --state DIR] [OPTION...]\n"
                    "       mailwardd [--private DIR | --state DIR] --stop\n\n");
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        struct buf head = {0};
        put_head(&head, row);
        buf_printf(out, "  %-20s %s%s\n", buf_text(&head), row->help,
                   row == &option_rows[OPTION_STATE] ? " [" SYSTEM_STATE_DIR "]" : "");
        buf_free(&head);
    }
    buf_printf(out, "\nsettings:\n");
    settings_describe(out);
}

static void put_options(struct buf *out)
{
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        struct buf head = {0};
        put_head(&head, row);
        roff_item(out, buf_text(&head), row->help);
        buf_free(&head);
    }
}

static void put_files(struct buf *out)
{
    static const char *const files[][2] = {
        {"run/control.sock", "where mailward connects"},
        {"run/ports", "NAME ADDRESS PORT of each listener, while mail can be sent"},
        {"run/lock", "held by the process that --stop ends"},
        {"run/stderr", "what would have gone to standard error, without --foreground"},
        {"config/config.db", "the configuration and its revisions"},
        {"configuration/", "files that commands read and write by name"},
        {"queue/", "mail that was accepted and has not left, and the quarantine"},
        {"maildir/, archive/", "mail delivered here, and copies that a policy asks for"},
        {"log/, track/", "logs, and what became of each message"},
    };
    buf_printf(out, ".SH FILES\nAll are in the state folder, whose preset\n.B \\-\\-help\nshows.\n");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        roff_item(out, files[i][0], files[i][1]);
}

static void put_ending(struct buf *out)
{
    buf_printf(out,
               ".SH SIGNALS\nSIGTERM and SIGINT end the daemon in order: nothing that was accepted is lost. "
               "Configurations are not read again by a signal: they take effect by the command\n"
               ".B commit\nof\n.BR mailward (1).\n"
               ".SH ENVIRONMENT\n");
    roff_item(out, "NOTIFY_SOCKET",
              "set by a service manager: it is told when mail can be sent, and when the end begins");
    buf_printf(out, ".SH EXIT STATUS\n");
    roff_item(out, "0", "ended in order, or, without --foreground, running and ready");
    roff_item(out, "1", "could not start, or with --stop: no instance is running");
    roff_item(out, "2", "wrong option or setting");
    buf_printf(out, ".SH SEE ALSO\n.BR mailward (1),\n.BR mailward\\-scan (1)\n");
}

static bool has_account(enum role_id first, enum role_id end, const char *account)
{
    for (enum role_id id = first; id < end; id++)
        if (strcmp(role_table[id].account, account) == 0)
            return true;
    return false;
}

static void put_accounts(struct buf *out)
{
    for (enum role_id id = 0; id < ROLE_COUNT; id++) {
        const char *account = role_table[id].account;
        struct buf roles = {0};
        if (has_account(0, id, account))
            continue;
        for (enum role_id other = id; other < ROLE_COUNT; other++)
            if (strcmp(role_table[other].account, account) == 0)
                buf_printf(&roles, "%s%s", roles.len ? ", " : "", role_table[other].name);
        roff_item(out, account, buf_text(&roles));
        buf_free(&roles);
    }
}

void manual_page(struct buf *out)
{
    roff_page(out, "mailwardd", "MAILWARDD", 8);
    buf_printf(out,
               ".SH NAME\nmailwardd \\- mail security gateway\n"
               ".SH SYNOPSIS\n.B mailwardd\n[\\-\\-private DIR | \\-\\-state DIR] [OPTION...]\n"
               ".SH DESCRIPTION\n"
               "Takes mail by SMTP, judges it, and delivers, marks or quarantines each message. One master "
               "process starts a program for each role, restarts what dies, and ends them in order. "
               "Listeners, policies and routes are configured with\n.BR mailward (1).\n"
               ".PP\n"
               "A system instance that root starts, or a service account with CAP_SETUID and CAP_SETGID, "
               "runs each role with what it needs, as these accounts. Started by another user, all of it "
               "runs as that user.\n");
    put_accounts(out);
    buf_printf(out, ".SH OPTIONS\n");
    put_options(out);
    buf_printf(out,
               ".SH SETTINGS\nThey are given with\n.B \\-\\-set\nand cannot change while the daemon runs.\n");
    settings_manual(out);
    put_files(out);
    put_ending(out);
}
