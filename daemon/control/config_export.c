/* The method config.export: the configuration in force as XML (doc/configuration.md) - as text parts, as a file of the
 * folder configuration/, or as mail.  A piece at a time, so that a large one neither fills memory nor holds up anybody. */
#define _GNU_SOURCE /* gmtime_r, localtime_r */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "daemon/control/audit.h"
#include "daemon/control/config_mail.h"
#include "daemon/control/config_methods.h"
#include "daemon/control/config_secrets.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/config/xml.h"

enum { PIECE = 64 * 1024, SERIAL_MAX = 32 };

struct exporting {
    uint64_t session;
    struct config_tree *tree; /* a reference of our own: commits go on meanwhile */
    struct config_xml xml;
    struct config_secrets secrets;
    bool sealed, begun;
    enum { TO_SHELL, TO_FILE, TO_MAIL } to;
    char name[FILE_NAME_MAX + 1]; /* of the file */
    struct event *step;           /* of file and mail: a piece each loop turn */
    json_t *recipients;           /* of the mail */
    struct buf text;              /* of the mail */
};

static void end_exporting(void *context)
{
    struct exporting *e = context;
    struct session_info *info = session_info(e->session);
    if (e->to == TO_FILE && info)
        files_drop_upload(e->session, &info->upload); /* once it has its name, nothing is left to drop */
    if (e->step)
        event_free(e->step);
    config_tree_unref(e->tree);
    secret_key_forget(&e->secrets.key);
    json_decref(e->recipients);
    buf_free(&e->text);
    free(e);
}

/* ---- the text ---- */

static bool seal(const struct schema_table *table, const struct schema_field *field, struct span text,
                 struct buf *out, void *context)
{
    return config_secrets_seal(context, table, field, text, out);
}

static void put_line(struct buf *out, const char *name, struct span text)
{
    buf_printf(out, "  %s: ", name);
    config_xml_put_comment(out, text);
    buf_append_char(out, '\n');
}

static void put_number(struct buf *out, const char *name, long number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%ld", number);
    put_line(out, name, span_text(digits));
}

static void put_time(struct buf *out)
{
    char text[64];
    struct tm tm;
    time_t now = (time_t)(clock_wall_us() / 1000000);
    if (localtime_r(&now, &tm) && strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &tm))
        put_line(out, "Current Time", span_text(text));
}

static void put_start(struct buf *out)
{
    const long gib =
        (long)((double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / 1073741824.0 + 0.5);
    buf_append_span(out, SPAN("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n"
                              "<!DOCTYPE config SYSTEM \"config.dtd\">\n\n<!--\n"));
    put_line(out, "Product", SPAN("mailward"));
    put_line(out, "Model Number", SPAN("mailward"));
    put_line(out, "Version", SPAN(PACKAGE_VERSION));
    put_line(out, "Serial Number", span_text(head_hostname()));
    put_number(out, "Number of CPUs", sysconf(_SC_NPROCESSORS_CONF));
    put_number(out, "Memory (GB)", gib);
    put_time(out);
    buf_append_span(out, SPAN("-->\n<config>\n"));
}

/* Appends about PIECE bytes; false behind the last. */
static bool put_piece(struct exporting *e, struct buf *out)
{
    bool more = true;
    if (!e->begun) {
        put_start(out);
        if (e->sealed)
            e->xml.failed |= !config_secrets_put(&e->secrets, out);
        e->begun = true;
    }
    while (more && out->len < PIECE)
        more = config_xml_more(&e->xml, out);
    if (!more)
        buf_append_span(out, SPAN("</config>\n"));
    return more;
}

static void fail(struct exporting *e, const char *why)
{
    session_fail(e->session, API_ERROR_FAILED, "%s", why);
    end_exporting(e);
}

static const char cannot_encrypt[] = "the secrets cannot be encrypted";

/* ---- to the shell ---- */

static void resume_showing(void *context)
{
    struct exporting *e = context;
    bool more = true;
    while (more && !session_is_full(e->session)) {
        struct buf piece = {0};
        more = put_piece(e, &piece);
        session_text(e->session, buf_span(&piece));
        buf_free(&piece);
    }
    if (more)
        return;
    if (e->xml.failed) {
        fail(e, cannot_encrypt);
        return;
    }
    session_done(e->session, NULL);
    end_exporting(e);
}

/* ---- to a file, by mail ---- */

static void nothing_to_resume(void *context)
{
    (void)context; /* the answer is short: the loop turns, not the shell, drive the work */
}

static void finish_file(struct exporting *e)
{
    struct session_info *info = session_info(e->session);
    struct error error;
    bool good = files_finish_upload(e->session, &info->upload, &error);
    audit_write(info->account.user, info->from, "config.export", e->name, good ? API_DONE : API_FAILED);
    if (!good) {
        fail(e, error.text);
        return;
    }
    session_done(e->session, json_pack("{s:s,s:I}", "name", e->name, "bytes", (json_int_t)info->upload.size));
    end_exporting(e);
}

static void finish_mail(struct exporting *e)
{
    const struct config_mail mail = {.name = e->name, .xml = buf_span(&e->text), .recipients = e->recipients};
    config_mail_send(e->session, &mail);
    end_exporting(e);
}

static bool take_piece(struct exporting *e, const struct buf *piece, struct error *error)
{
    if (e->to == TO_FILE)
        return files_add_to_upload(&session_info(e->session)->upload, piece->data, piece->len, error);
    if (e->text.len + piece->len > CONFIG_MAIL_XML_MAX)
        return error_set(error,
                         "the configuration is larger than %d KiB and goes into no mail: use saveconfig",
                         CONFIG_MAIL_XML_MAX / 1024);
    buf_append_span(&e->text, buf_span(piece));
    return true;
}

static void on_step(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct exporting *e = context;
    struct buf piece = {0};
    struct error error;
    bool more = put_piece(e, &piece);
    bool good = take_piece(e, &piece, &error);
    if (good && e->xml.failed)
        good = error_set(&error, "%s", cannot_encrypt);
    buf_free(&piece);
    if (!good)
        fail(e, error.text);
    else if (more)
        event_active(e->step, EV_TIMEOUT, 0);
    else if (e->to == TO_FILE)
        finish_file(e);
    else
        finish_mail(e);
}

/* ---- the request ---- */

/* mailward-HOST-20260922T090500.xml */
static void make_name(char name[FILE_NAME_MAX + 1])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    char serial[SERIAL_MAX + 1], stamp[32];
    struct tm tm = {0};
    time_t now = (time_t)(clock_wall_us() / 1000000);
    localtime_r(&now, &tm);
    snprintf(serial, sizeof serial, "%s", head_hostname());
    serial[strspn(serial, letters)] = '\0';
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &tm);
    snprintf(name, FILE_NAME_MAX + 1, "mailward-%s-%.15s.xml", serial, stamp);
}

static bool choose_secrets(struct exporting *e, const json_t *request, struct error *error)
{
    const char *wanted = member_text(request, "secrets");
    e->sealed = strcmp(wanted, "encrypt") == 0;
    if (!e->sealed)
        return strcmp(wanted, "mask") == 0 || error_set(error, "'secrets' is mask or encrypt");
    e->xml.seal = seal;
    e->xml.context = &e->secrets;
    return config_secrets_begin(&e->secrets, member_text(request, "passphrase"), error);
}

static bool choose_target(struct exporting *e, const json_t *request, struct error *error)
{
    struct session_info *info = session_info(e->session);
    const char *name = member_text(request, "name");
    json_t *recipients = json_object_get(request, "recipients");
    bool save = json_is_true(json_object_get(request, "save"));
    if (save && recipients)
        return error_set(error, "a file or a mail, not both");
    make_name(e->name);
    if (name)
        snprintf(e->name, sizeof e->name, "%s", name);
    e->recipients = json_incref(recipients);
    e->to = recipients ? TO_MAIL : save ? TO_FILE : TO_SHELL;
    if (recipients)
        return config_mail_check(recipients, error);
    if (!save)
        return true;
    files_drop_upload(e->session, &info->upload);
    return files_begin_upload(e->session, e->name, &info->upload, error);
}

void config_export(uint64_t session, json_t *request)
{
    const char *secrets = member_text(request, "secrets");
    struct error error;
    if (json_object_get(request, "name") && !files_name_of(session, request))
        return;
    if (!permit_allows(session_info(session)->role, "config.export", NULL, secrets)) {
        session_fail(session, API_ERROR_REFUSED, "the role %s may save masked secrets only",
                     permit_role_name(session_info(session)->role));
        return;
    }
    struct exporting *e = xcalloc(1, sizeof *e);
    e->session = session;
    e->tree = config_tree_ref(head_tree());
    e->xml = (struct config_xml){.tree = e->tree, .place = head_place()};
    if (!choose_secrets(e, request, &error) || !choose_target(e, request, &error)) {
        fail(e, error.text);
    } else if (e->to == TO_SHELL) {
        session_begin_work(session, &(struct session_work){resume_showing, end_exporting, e});
        resume_showing(e);
    } else {
        e->step = event_new(role_base(), -1, 0, on_step, e);
        session_begin_work(session, &(struct session_work){nothing_to_resume, end_exporting, e});
        event_active(e->step, EV_TIMEOUT, 0);
    }
}
