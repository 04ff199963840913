/* An answer of the daemon that is shown as one table. */
#include "commands/rows.h"

enum api_status show_rows(struct shell *sh, json_t *request, const char *name,
                          const struct out_column *columns, size_t count)
{
    json_t *result;
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE)
        out_table(sh, name, columns, count, json_object_get(result, name));
    json_decref(result);
    return status;
}
