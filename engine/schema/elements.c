/* Names of elements. */
#include "engine/schema/elements.h"

enum { SECTION = -2, ROW = -1 };

/* What is not as the schema has it. */
static const struct element {
    enum schema_table_id table;
    int what; /* SECTION, ROW or a field */
    const char *name;
} elements[] = {
    {SCHEMA_GATEWAY, SECTION, "hostname"},
    {SCHEMA_GATEWAY, GATEWAY_HOSTNAME, ""},
    {SCHEMA_INCOMING_POLICY, SECTION, "inbound policies"},
    {SCHEMA_INCOMING_POLICY, POLICY_NAME, "policy name"},
    {SCHEMA_OUTGOING_POLICY, SECTION, "outbound policies"},
    {SCHEMA_OUTGOING_POLICY, POLICY_NAME, "policy name"},
    {SCHEMA_LISTENERS, LISTENERS_NAME, "listener name"},
    {SCHEMA_LISTENERS, LISTENERS_KIND, "type"},
    {SCHEMA_RCPTACCESS, SECTION, "rat"},
    {SCHEMA_RCPTACCESS, ROW, "rat entry"},
    {SCHEMA_RCPTACCESS, RCPTACCESS_RECIPIENT, "rat address"},
    {SCHEMA_HOSTACCESS, SECTION, "hat"},
    {SCHEMA_HOSTACCESS, ROW, "hat entry"},
    {SCHEMA_HOSTACCESS, HOSTACCESS_HOST, "hat address"},
    {SCHEMA_LOGS, SECTION, "log subscriptions"},
    {SCHEMA_LOGS, LOGS_LEVEL, "log level"},
};

static const char *find(const struct schema_table *table, int what, const char *usual)
{
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (elements[i].table == table->id && elements[i].what == what)
            return elements[i].name;
    return usual;
}

const char *schema_section_name(const struct schema_table *table)
{
    return find(table, SECTION, table->name);
}

const char *schema_row_name(const struct schema_table *table)
{
    return find(table, ROW, table->row_noun);
}

const char *schema_field_name(const struct schema_table *table, unsigned field)
{
    return find(table, (int)field, table->fields[field].name);
}

static char letter(char c)
{
    return c == '-' || c == ' ' ? '_' : ascii_lower(c);
}

void schema_element_put(struct buf *out, const char *name)
{
    for (; *name; name++)
        buf_append_char(out, letter(*name));
}

bool schema_element_is(const char *name, struct span element)
{
    size_t i = 0;
    while (i < element.n && name[i] && letter(name[i]) == element.p[i])
        i++;
    return i == element.n && !name[i];
}

bool schema_section_is_value(const struct schema_table *table)
{
    return *schema_field_name(table, 0) == '\0';
}

bool schema_is_section(const struct schema_table *table)
{
    return !table->owner && !table->is_shape;
}
