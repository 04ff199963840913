/* Domains in UTF-8 as DNS knows them. */
#include "daemon/smtp/idna.h"

#include <idn2.h>

enum { UTF8_DOMAIN_MAX = SMTP_MAILBOX_MAX };

/* The length of the domain in A-labels, written to out; 0 when it has none that fits. */
static size_t to_ascii(struct span domain, char *out, size_t room)
{
    uint8_t name[UTF8_DOMAIN_MAX + 1], *ascii = NULL;
    if (domain.n > UTF8_DOMAIN_MAX)
        return 0;
    memcpy(name, domain.p, domain.n);
    name[domain.n] = '\0';
    if (idn2_lookup_u8(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return 0;
    struct span found = span_text((const char *)ascii);
    size_t size = found.n <= room && smtp_domain_is_valid(found) ? found.n : 0;
    memcpy(out, found.p, size);
    idn2_free(ascii);
    return size;
}

bool idna_mailbox(struct smtp_mailbox *m, char text[SMTP_MAILBOX_MAX])
{
    if (!span_has_8bit(m->domain))
        return true;
    size_t local = m->local.n;
    memcpy(text, m->local.p, local);
    text[local] = '@';
    size_t domain = to_ascii(m->domain, text + local + 1, SMTP_MAILBOX_MAX - local - 1);
    *m = (struct smtp_mailbox){
        .text = {text, local + 1 + domain}, .local = {text, local}, .domain = {text + local + 1, domain}};
    return domain > 0;
}
