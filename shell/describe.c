/* Pages and completions are made from the tables of options, statuses, commands and settings, and are checked in; a test
 * makes them again and compares.  The completions are for the local command line: options, and commands behind -c. */
#include "shell/describe.h"

#include <string.h>

#include "shell/describe_forms.h"

bool describe(const char *form, struct buf *out)
{
    static const struct {
        const char *name;
        void (*put)(struct buf *out);
    } forms[] = {{"man", describe_man},   {"settings", describe_man_settings},
                 {"bash", describe_bash}, {"zsh", describe_zsh},
                 {"fish", describe_fish}, {"json", describe_json}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i].name, form) == 0) {
            forms[i].put(out);
            return true;
        }
    }
    const struct command *command = command_find(form);
    if (command)
        describe_man_command(out, command);
    return command != NULL;
}
