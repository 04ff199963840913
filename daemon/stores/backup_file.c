/* Names and JSON of a backup. */
#include "daemon/stores/backup_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_json(struct buf *out, json_t *object)
{
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_SORT_KEYS);
    if (!text)
        abort(); /* ASCII */
    buf_append_span(out, span_text(text));
    buf_append_char(out, '\n');
    free(text);
    json_decref(object);
}

static bool copy_text(const char *from, char *to, size_t size)
{
    return (size_t)snprintf(to, size, "%s", from) < size;
}

void backup_head_put(struct buf *out, const struct backup_head *head)
{
    put_json(out,
             json_pack("{s:s,s:i,s:s,s:s,s:I}", "kind", "mailward backup", "format", head->format, "version",
                       head->version, "hostname", head->hostname, "time", (json_int_t)head->time));
}

bool backup_head_get(struct span text, struct backup_head *head, struct error *error)
{
    json_t *object = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    const char *kind = "", *version, *hostname;
    json_int_t time = 0;
    bool good = json_unpack(object, "{s:s,s:i}", "kind", &kind, "format", &head->format) == 0 &&
                strcmp(kind, "mailward backup") == 0;
    if (!good)
        error_set(error, "this is no backup that mailwardd wrote");
    else if (head->format < 1 || head->format > BACKUP_FORMAT)
        good = error_set(error,
                         "the backup has format %d and this program knows %d: use the version that wrote it",
                         head->format, BACKUP_FORMAT);
    else
        good = (json_unpack(object, "{s:s,s:s,s:I}", "version", &version, "hostname", &hostname, "time",
                            &time) == 0 &&
                time >= 0 && copy_text(version, head->version, sizeof head->version) &&
                copy_text(hostname, head->hostname, sizeof head->hostname)) ||
               error_set(error, "%s of the backup is damaged", BACKUP_HEAD);
    head->time = time;
    json_decref(object);
    return good;
}

void backup_manifest_put(struct buf *out, const struct backup_manifest *m)
{
    put_json(out, json_pack("{s:I,s:I,s:s,s:s,s:s,s:s,s:O}", "messages", (json_int_t)m->messages, "bodies",
                            (json_int_t)m->bodies, "config_sha256", m->config_sha256, "queue_sha256",
                            m->queue_sha256, "key_sha256", m->key_sha256, "learned_sha256", m->learned_sha256,
                            "damaged", m->damaged));
}

bool backup_manifest_get(struct span text, struct backup_manifest *m, struct error *error)
{
    json_t *object = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL), *damaged;
    const char *config, *queue, *key = "", *learned = "";
    json_int_t messages, bodies;
    bool good = json_unpack(object, "{s:I,s:I,s:s,s:s,s?s,s?s,s:o}", "messages", &messages, "bodies", &bodies,
                            "config_sha256", &config, "queue_sha256", &queue, "key_sha256", &key,
                            "learned_sha256", &learned, "damaged", &damaged) == 0 &&
                json_is_array(damaged) && copy_text(config, m->config_sha256, sizeof m->config_sha256) &&
                copy_text(queue, m->queue_sha256, sizeof m->queue_sha256) &&
                copy_text(key, m->key_sha256, sizeof m->key_sha256) &&
                copy_text(learned, m->learned_sha256, sizeof m->learned_sha256);
    if (good) {
        m->messages = (uint64_t)messages;
        m->bodies = (uint64_t)bodies;
        m->damaged = json_incref(damaged);
    }
    json_decref(object);
    return good || error_set(error, "%s of the backup is damaged", BACKUP_MANIFEST);
}

void backup_body_name(struct buf *out, uint64_t mid, const struct spool_record *record)
{
    buf_printf(out, "spool/%" PRIu32 "/%" PRIu64 "/%" PRIu64 ".eml", record->segment, record->offset, mid);
}

bool backup_body_place(const char *name, uint64_t *mid, struct spool_record *record)
{
    struct buf again = {0};
    if (sscanf(name, "spool/%" SCNu32 "/%" SCNu64 "/%" SCNu64, &record->segment, &record->offset, mid) != 3)
        return false;
    backup_body_name(&again, *mid, record); /* one way to write it */
    bool good = strcmp(buf_text(&again), name) == 0 && record->segment > 0 && record->segment < UINT32_MAX &&
                record->offset <= UINT64_C(1) << 50;
    buf_free(&again);
    return good;
}
