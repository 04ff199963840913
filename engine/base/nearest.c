/* Edit distance with swaps of neighbours (optimal string alignment), on words of bounded length. */
#include "engine/base/nearest.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return ascii_lower(a) == ascii_lower(b);
}

static size_t distance(struct span a, struct span b)
{
    /* The last three rows of the matrix: row i holds the distances of the first i letters of a. */
    size_t rows[3][NEAREST_WORD_MAX + 1];
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t replaced = above[j - 1] + !same(a.p[i - 1], b.p[j - 1]);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a.p[i - 1], b.p[j - 2]) && same(a.p[i - 2], b.p[j - 1]))
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}

size_t nearest_distance(struct span typed, struct span known)
{
    if (typed.n > NEAREST_WORD_MAX || known.n > NEAREST_WORD_MAX)
        return SIZE_MAX;
    size_t found = distance(typed, known);
    size_t allowed = known.n < 6 ? 1 : known.n / 3;
    return found <= allowed ? found : SIZE_MAX;
}

const char *nearest_word(struct span typed, const char *const *words)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (; *words; words++) {
        size_t found = nearest_distance(typed, span_text(*words));
        if (found < best) {
            best = found;
            nearest = *words;
        }
    }
    return nearest;
}
