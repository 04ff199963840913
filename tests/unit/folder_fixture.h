/* A test's own folder, and its end. */
#ifndef TESTS_FOLDER_FIXTURE_H
#define TESTS_FOLDER_FIXTURE_H

#include <ftw.h>
#include <stdio.h>

static inline int folder_remove_entry(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
    (void)st, (void)flag, (void)walk;
    return remove(path);
}

/* Removes the folder and all below it; 0, or -1 with errno. */
static inline int folder_remove(const char *folder)
{
    return nftw(folder, folder_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
