/* The passphrase question, its answers in batch lines, and passphrases themselves. */
#include "commands/config_text.h"

#include <string.h>
#include <strings.h>

int config_text_words(struct config_text *c, int arg_count, char **args)
{
    static const struct {
        const char *word;
        bool encrypt;
    } answers[] = {{"1", false},   {"2", true}, {"3", true}, {"y", false},
                   {"yes", false}, {"n", true}, {"no", true}};
    int taken = 0;
    for (; taken < arg_count; taken++) {
        size_t i = 0, count = sizeof answers / sizeof answers[0];
        if (strcmp(args[taken], "--passphrase") == 0) {
            c->encrypt = c->has_passphrase = true;
            continue;
        }
        while (i < count && strcasecmp(args[taken], answers[i].word) != 0)
            i++;
        if (i == count)
            break;
        c->encrypt = answers[i].encrypt;
    }
    return taken;
}

enum ui_result config_text_ask(struct shell *sh, struct config_text *c)
{
    static const char question[] =
        "\nChoose the passphrase option:\n"
        "1. Mask passphrases (Files with masked passphrases cannot be loaded using loadconfig command)\n"
        "2. Encrypt passphrases\n";
    struct buf answer = {0};
    enum ui_result result = UI_ABORT;
    do {
        out_text(sh, "%s", question);
        buf_clear(&answer);
        if (!shell_read_answer(sh, "[1]> ", &answer))
            break;
        struct span text = span_trim(buf_span(&answer));
        bool encrypt = span_equal(text, SPAN("2")) || span_equal(text, SPAN("3"));
        if (encrypt || !text.n || span_equal(text, SPAN("1"))) {
            c->encrypt = encrypt;
            result = UI_DONE;
        }
    } while (result != UI_DONE && ui_explain(sh, "Please answer 1 or 2."));
    buf_free(&answer);
    if (result == UI_DONE && c->encrypt)
        return ui_yes_no(sh, "Is the file to be loaded on another machine, too? Then it needs a passphrase.",
                         &c->has_passphrase);
    return result;
}

enum ui_result config_text_passphrase(struct shell *sh, const char *prompt, struct buf *passphrase)
{
    buf_clear(passphrase);
    if (!shell_read_secret(sh, prompt, passphrase))
        return UI_ABORT;
    buf_text(passphrase);
    return passphrase->len ? UI_DONE : UI_LEAVE;
}

enum ui_result config_text_read(struct shell *sh, struct config_text *c)
{
    struct buf again = {0};
    enum ui_result result = UI_DONE;
    bool same = !c->has_passphrase;
    while (!same && result == UI_DONE) {
        result = config_text_passphrase(sh, "\nEnter the passphrase.\n[]> ", &c->passphrase);
        same = !shell_is_interactive(sh);
        if (result == UI_DONE && !same) {
            result = config_text_passphrase(sh, "\nEnter the passphrase again.\n[]> ", &again);
            same = span_equal(buf_span(&c->passphrase), buf_span(&again));
            if (result == UI_DONE && !same)
                out_text(sh, "\nThe two are not the same.\n");
        }
    }
    buf_free(&again);
    return result;
}

json_t *config_text_request(const struct config_text *c)
{
    return json_pack("{s:s,s:s,s:s*}", "method", "config.export", "secrets", c->encrypt ? "encrypt" : "mask",
                     "passphrase", c->has_passphrase ? c->passphrase.data : NULL);
}

void config_text_end(struct config_text *c)
{
    buf_free(&c->passphrase);
}
