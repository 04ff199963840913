/* Making the texts of the scopes. */
#include "engine/scan/rule_scopes.h"

#include "engine/mime/url.h"
#include "engine/scan/domain.h"
#include "engine/scan/facts.h"

/* Lines that grow in the arena, up to RULE_VALUES_BYTES. */
struct lines {
    char *p;
    size_t n;
};

static void append(struct lines *l, struct arena *arena, struct span s)
{
    if (!l->p)
        l->p = arena_alloc(arena, RULE_VALUES_BYTES);
    for (size_t i = 0; i < s.n && l->n < RULE_VALUES_BYTES; i++)
        l->p[l->n++] = s.p[i] == '\n' || s.p[i] == '\r' ? ' ' : s.p[i];
}

static void end_line(struct lines *l, struct arena *arena)
{
    append(l, arena, (struct span){0});
    if (l->n < RULE_VALUES_BYTES)
        l->p[l->n++] = '\n';
}

static void add_line(struct lines *l, struct arena *arena, const char *mark, struct span value)
{
    append(l, arena, span_text(mark));
    append(l, arena, value);
    end_line(l, arena);
}

static void add_headers(const struct scan_rules *rules, const struct mime_view *view, struct arena *arena,
                        struct lines *lines)
{
    for (size_t h = 0; h < view->header_count; h++) {
        const struct mime_header *header = &view->headers[h];
        for (size_t i = 0; i < rules->header_count; i++)
            if (header->name.n == rules->headers[i].n && span_equal_nocase(header->name, rules->headers[i]))
                add_line(&lines[RULE_SCOPES + i], arena, NULL, header->decoded);
    }
}

static void add_subject(const struct mime_view *view, struct arena *arena, struct lines *l)
{
    const struct mime_header *subject = mime_view_header(view, "Subject");
    if (subject)
        add_line(l, arena, NULL, subject->decoded);
}

static void add_urls(const struct mime_view *view, struct arena *arena, struct lines *l)
{
    for (size_t i = 0; i < view->url_count && l->n < RULE_VALUES_BYTES; i++)
        add_line(l, arena, NULL, view->urls[i].target);
}

static void add_attachments(const struct mime_view *view, struct arena *arena, struct lines *l)
{
    for (size_t i = 0; i < view->attachment_count; i++) {
        append(l, arena, view->attachments[i].type);
        add_line(l, arena, " ", view->attachments[i].name);
    }
}

static void add_envelope(const struct scan_rule_input *input, struct arena *arena, struct lines *l)
{
    add_line(l, arena, "from ", input->sender);
    add_line(l, arena, "helo ", input->helo);
    add_line(l, arena, "ip ", input->client_ip);
    for (uint32_t i = 0; i < input->recipient_count && l->n < RULE_VALUES_BYTES; i++)
        add_line(l, arena, "to ", input->recipients[i]);
}

static void add_facts(const struct mime_view *view, struct arena *arena, struct lines *l)
{
    uint64_t facts = scan_facts_of(view);
    for (unsigned i = 0; i < SCAN_FACT_COUNT; i++)
        if (facts >> i & 1)
            add_line(l, arena, NULL, span_text(scan_fact_name(i)));
}

static void add_known(const struct scan_rules *rules, const struct scan_rule_input *input,
                      struct arena *arena, struct lines *l)
{
    struct known_sender found[KNOWN_SENDERS_FOUND_MAX];
    size_t count = known_senders_find(rules->known, input->view, input->sender, found);
    for (size_t i = 0; i < count; i++) {
        append(l, arena, span_text(known_sender_kind(found[i].kind)));
        append(l, arena, SPAN(" "));
        append(l, arena, span_text(found[i].where));
        add_line(l, arena, " ", found[i].name);
    }
}

/* "KIND DOMAIN same" or "KIND DOMAIN other", compared with the sender's, and " misleading" where it is. */
static void add_domain(struct lines *l, struct arena *arena, const char *kind, struct span domain,
                       struct span from)
{
    if (domain.n == 0)
        return;
    append(l, arena, span_text(kind));
    append(l, arena, SPAN(" "));
    append(l, arena, domain);
    append(l, arena, span_equal(domain, from) ? SPAN(" same") : SPAN(" other"));
    add_line(l, arena, scan_domain_misleads(domain) ? " misleading" : NULL, (struct span){0});
}

/* A link's domain once for all links in a row to one host. */
static void add_link_domains(const struct mime_view *view, struct arena *arena, struct lines *l,
                             struct span from)
{
    struct scan_host room;
    struct span before = {0};
    for (size_t i = 0; i < view->url_count && i < RULE_DOMAIN_LINKS; i++) {
        struct span host = url_host(view->urls[i].target);
        if (!span_equal(host, before))
            add_domain(l, arena, "link", scan_registered_domain(host, &room), from);
        before = host;
        struct span shown = url_host(span_trim(view->urls[i].text));
        if (shown.n && !span_equal_nocase(shown, host))
            add_domain(l, arena, "shown", scan_registered_domain(shown, &room), from);
    }
}

static void add_domains(const struct scan_rule_input *input, struct arena *arena, struct lines *l)
{
    static const char *const headers[][2] = {
        {"reply", "Reply-To"}, {"return", "Return-Path"}, {"id", "Message-ID"}};
    struct scan_host from_room, room;
    struct span from = scan_registered_domain(scan_address_domain(input->view, "From"), &from_room);
    add_domain(l, arena, "from", from, from);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        add_domain(l, arena, headers[i][0],
                   scan_registered_domain(scan_address_domain(input->view, headers[i][1]), &room), from);
    add_link_domains(input->view, arena, l, from);
}

void rule_scopes_make(const struct scan_rules *rules, const struct scan_rule_input *input,
                      struct arena *arena, struct span texts[RULE_TEXTS_MAX])
{
    struct lines lines[RULE_TEXTS_MAX] = {0};
    const bool *used = rules->text_used;
    add_headers(rules, input->view, arena, lines);
    if (used[RULE_SUBJECT])
        add_subject(input->view, arena, &lines[RULE_SUBJECT]);
    if (used[RULE_URL])
        add_urls(input->view, arena, &lines[RULE_URL]);
    if (used[RULE_ATTACHMENT])
        add_attachments(input->view, arena, &lines[RULE_ATTACHMENT]);
    if (used[RULE_ENVELOPE])
        add_envelope(input, arena, &lines[RULE_ENVELOPE]);
    if (used[RULE_FACTS])
        add_facts(input->view, arena, &lines[RULE_FACTS]);
    if (used[RULE_KNOWN])
        add_known(rules, input, arena, &lines[RULE_KNOWN]);
    if (used[RULE_DOMAINS])
        add_domains(input, arena, &lines[RULE_DOMAINS]);
    for (unsigned i = 0; i < RULE_TEXTS_MAX; i++)
        texts[i] = span_of(lines[i].p, lines[i].n);
    if (used[RULE_BODY])
        texts[RULE_BODY] = input->view->text;
    if (used[RULE_RAW])
        texts[RULE_RAW] = span_slice(input->raw, 0, RULE_RAW_BYTES);
}
