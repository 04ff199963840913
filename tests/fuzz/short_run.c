/* The main program of a fuzz target where there is no libFuzzer: a short run over the same inputs each time, as a test.
 *
 *     fuzz_NAME           inputs made of the words of fuzz_NAME.dict and of random bytes; prints TAP
 *     fuzz_NAME FILE...   these inputs, such as what libFuzzer has found
 *
 * An input that ends the program is left in fuzz_NAME.finding. */
#define _GNU_SOURCE /* program_invocation_short_name */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/mime/transfer.h"

enum { RUNS = 20000, INPUT_MAX = 4096, PIECES_MAX = 24, CHANGES_MAX = 3, WORDS_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);
const char *__asan_default_options(void);

static struct buf words[WORDS_MAX];
static size_t word_count;
static struct buf input;
static char finding[64];
static uint64_t random_state = 20261122;

/* A sanitizer that ends the program by a signal lets us keep the input. */
const char *__asan_default_options(void)
{
    return "abort_on_error=1";
}

static void keep_input(int number)
{
    int fd = open(finding, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, input.data, input.len) < 0)
        _exit(3);
    static const char told[] = "# the input is in the file *.finding\n";
    if (write(STDERR_FILENO, told, sizeof told - 1) < 0)
        _exit(3);
    signal(number, SIG_DFL);
    raise(number);
}

static uint32_t random_below(size_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 33) % limit);
}

/* ---- words: a line "TEXT" of a dictionary, in which \xNN is a byte ---- */

static void read_word(struct span line)
{
    struct buf *word = &words[word_count];
    if (line.n < 2 || line.p[0] != '"' || word_count == WORDS_MAX)
        return;
    size_t end = line.n;
    while (end > 1 && line.p[end - 1] != '"')
        end--;
    for (size_t i = 1; i + 1 < end; i++) {
        struct span rest = span_slice(line, i, end);
        if (rest.n > 4 && rest.p[0] == '\\' && rest.p[1] == 'x') {
            buf_append_char(word, (char)(mime_hex_value(rest.p[2]) << 4 | mime_hex_value(rest.p[3])));
            i += 3;
        } else {
            i += rest.n > 2 && rest.p[0] == '\\';
            buf_append_char(word, line.p[i]);
        }
    }
    word_count++;
}

static bool read_words(const char *name)
{
    char path[4096], line[4096];
    snprintf(path, sizeof path, "%s/%s.dict", FUZZ_FOLDER, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return errno == ENOENT;
    while (fgets(line, sizeof line, file))
        read_word(span_text(line));
    return fclose(file) == 0;
}

/* ---- inputs ---- */

static void add_piece(void)
{
    uint32_t kind = random_below(8);
    if (kind == 0 && input.len) { /* something again */
        size_t at = random_below(input.len);
        struct buf again = {0};
        buf_append_span(&again, span_slice(buf_span(&input), at, at + 1 + random_below(64)));
        buf_append_span(&input, buf_span(&again));
        buf_free(&again);
    } else if (kind < 3 || word_count == 0) {
        for (uint32_t bytes = 1 + random_below(4); bytes > 0; bytes--)
            buf_append_char(&input, (char)random_below(256));
    } else {
        buf_append_span(&input, buf_span(&words[random_below(word_count)]));
    }
}

static void change_input(void)
{
    size_t at = random_below(input.len), size = 1 + random_below(8);
    if (random_below(2)) {
        input.data[at] = (char)(input.data[at] ^ 1 << random_below(8));
        return;
    }
    if (size > input.len - at)
        size = input.len - at;
    memmove(input.data + at, input.data + at + size, input.len - at - size);
    input.len -= size;
}

/* The first two bytes choose what a target does. */
static void make_input(void)
{
    buf_clear(&input);
    buf_append_char(&input, (char)random_below(256));
    buf_append_char(&input, (char)random_below(256));
    for (uint32_t pieces = 1 + random_below(PIECES_MAX); pieces > 0 && input.len < INPUT_MAX; pieces--)
        add_piece();
    for (uint32_t changes = random_below(CHANGES_MAX + 1); changes > 0 && input.len > 1; changes--)
        change_input();
}

/* From memory of exactly its size, so that a sanitizer sees who reads beyond. */
static void run_input(void)
{
    uint8_t *exact = malloc(input.len ? input.len : 1);
    if (!exact)
        abort();
    memcpy(exact, input.data ? input.data : "", input.len);
    LLVMFuzzerTestOneInput(exact, input.len);
    free(exact);
}

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    buf_clear(&input);
    for (size_t got = 1; got > 0; input.len += got)
        got = fread(buf_reserve(&input, INPUT_MAX), 1, INPUT_MAX, file);
    run_input();
    return fclose(file) == 0;
}

int main(int argc, char **argv)
{
    const char *name = program_invocation_short_name;
    snprintf(finding, sizeof finding, "%s.finding", name);
    signal(SIGABRT, keep_input);
    signal(SIGSEGV, keep_input);
    if (!read_words(name) || (LLVMFuzzerInitialize && LLVMFuzzerInitialize(&argc, &argv) != 0))
        return 1;
    for (int i = 1; i < argc; i++)
        if (!run_file(argv[i]))
            return perror(argv[i]), 1;
    if (argc > 1)
        return 0;
    printf("1..1\n");
    for (uint32_t run = 0; run < RUNS; run++) {
        make_input();
        run_input();
    }
    printf("ok 1 - %s: %d inputs, %zu words\n", name, RUNS, word_count);
    return 0;
}
