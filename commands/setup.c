/* The verb `setup` of single tables. */
#include "commands/setup.h"

/* args NULL: asks. */
static enum api_status change(struct shell *sh, const struct setup *setup, int arg_count, char **args)
{
    return form_change(sh, setup->form, &schema_tables[setup->form->table], NULL, arg_count, args,
                       setup->save ? setup->save : form_save);
}

enum api_status setup_batch(struct shell *sh, const struct call *call)
{
    const struct setup *own = call->path[call->depth - 1]->setup;
    return change(sh, own ? own : call->command->setup, call->arg_count, call->args);
}

enum api_status setup_ask(struct shell *sh, void *context)
{
    return change(sh, *(const struct setup **)context, 0, NULL);
}

static enum api_status show(struct shell *sh, void *context)
{
    const struct setup *setup = *(const struct setup **)context;
    struct schema_row *row;
    enum api_status status = form_fetch(sh, &schema_tables[setup->form->table], NULL, &row);
    if (status != API_DONE)
        return status;
    out_text(sh, "\n%s:\n", setup->title);
    form_show(sh, setup->form, row);
    schema_row_unref(row);
    return API_DONE;
}

enum api_status setup_dialogue(struct shell *sh, const struct setup *setup, const struct verb *verbs)
{
    const struct ui_dialogue menu = {verbs, show, NULL};
    return ui_run(sh, &menu, &setup);
}

enum ui_result setup_ask_licence(struct shell *sh, const struct step *step, const char *licence,
                                 struct answers *a, unsigned enabled)
{
    bool yes = true;
    enum ui_result result = UI_DONE;
    if (shell_is_interactive(sh)) {
        out_text(sh, "%s", licence);
        result = ui_yes_or_no(sh, step->question, &yes);
    }
    a->values[step->field].number = yes;
    a->values[enabled].number = yes;
    return result;
}
