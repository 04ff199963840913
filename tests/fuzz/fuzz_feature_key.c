/* Feature keys: an even first byte and a line as it is pasted, an odd one and what a trusted signer would have signed.
 *
 * A line that nobody signed is never taken; what is taken of a signed one has names and a time. */
#define _GNU_SOURCE /* mkdtemp */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/offline/package_key.h"
#include "engine/package/feature_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static EVP_PKEY *signer;
static struct trust_store *trust;

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char folder[] = "/tmp/fuzz-feature-key-XXXXXX", path[64];
    struct error error;
    (void)argc;
    (void)argv;
    require(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/us", folder);
    require(package_key_make(path, &error));
    trust = trust_store_load(folder, &error);
    snprintf(path, sizeof path, "%s/us.pub", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/us.key", folder);
    signer = package_key_read(path, &error);
    unlink(path);
    require(trust && signer && rmdir(folder) == 0);
    return 0;
}

static void fuzz_line(struct span in)
{
    struct buf line = {0};
    struct feature_key key;
    struct error error;
    buf_append_span(&line, in);
    feature_key_clean(&line);
    require(line.len <= in.n);
    require(!feature_key_read(buf_span(&line), trust, &key, &error));
    buf_free(&line);
}

static void fuzz_signed(struct span in)
{
    struct buf text = {0}, file = {0}, line = {0};
    struct feature_key key;
    struct error error;
    buf_append_span(&text, SPAN("mailward-feature-key 1\n"));
    buf_append_span(&text, in);
    buf_append_span(&text, SPAN("\n\n"));
    buf_append_span(&file, buf_span(&text));
    require(package_key_sign(signer, buf_span(&text), &file, &error));
    feature_key_put_line(&line, buf_span(&file));
    if (feature_key_read(buf_span(&line), trust, &key, &error)) {
        require(key.begins < key.ends && memchr(key.feature, '\0', sizeof key.feature));
        require(memchr(key.serial, '\0', sizeof key.serial) && key.feature[0] && key.serial[0]);
    }
    buf_free(&text);
    buf_free(&file);
    buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    (data[0] % 2 ? fuzz_signed : fuzz_line)(span_of(data + 1, size - 1));
    return 0;
}
