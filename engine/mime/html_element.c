/* The table of the elements that matter to text. */
#include "engine/mime/html_element.h"

#include <stdlib.h>
#include <string.h>

/* Sorted by name. */
static const struct html_element elements[] = {
    {"a", HTML_NO_GAP, HTML_ANCHOR, 0},
    {"address", HTML_LINE, HTML_OTHER, 0},
    {"area", HTML_NO_GAP, HTML_AREA, HTML_VOID},
    {"article", HTML_LINE, HTML_OTHER, 0},
    {"b", HTML_NO_GAP, HTML_OTHER, 0},
    {"base", HTML_NO_GAP, HTML_OTHER, HTML_VOID},
    {"big", HTML_NO_GAP, HTML_OTHER, 0},
    {"blockquote", HTML_LINE, HTML_OTHER, 0},
    {"body", HTML_LINE, HTML_OTHER, 0},
    {"br", HTML_LINE, HTML_OTHER, HTML_VOID},
    {"button", HTML_BLANK, HTML_OTHER, 0},
    {"caption", HTML_LINE, HTML_OTHER, 0},
    {"center", HTML_LINE, HTML_OTHER, 0},
    {"code", HTML_NO_GAP, HTML_OTHER, 0},
    {"col", HTML_NO_GAP, HTML_OTHER, HTML_VOID},
    {"dd", HTML_LINE, HTML_OTHER, HTML_SELF_ENDING},
    {"div", HTML_LINE, HTML_OTHER, 0},
    {"dl", HTML_LINE, HTML_OTHER, HTML_CONTAINER},
    {"dt", HTML_LINE, HTML_OTHER, HTML_SELF_ENDING},
    {"em", HTML_NO_GAP, HTML_OTHER, 0},
    {"embed", HTML_NO_GAP, HTML_OTHER, HTML_VOID},
    {"fieldset", HTML_LINE, HTML_OTHER, 0},
    {"font", HTML_NO_GAP, HTML_OTHER, 0},
    {"footer", HTML_LINE, HTML_OTHER, 0},
    {"form", HTML_LINE, HTML_FORM, 0},
    {"h1", HTML_LINE, HTML_OTHER, 0},
    {"h2", HTML_LINE, HTML_OTHER, 0},
    {"h3", HTML_LINE, HTML_OTHER, 0},
    {"h4", HTML_LINE, HTML_OTHER, 0},
    {"h5", HTML_LINE, HTML_OTHER, 0},
    {"h6", HTML_LINE, HTML_OTHER, 0},
    {"head", HTML_LINE, HTML_OTHER, 0},
    {"header", HTML_LINE, HTML_OTHER, 0},
    {"hr", HTML_LINE, HTML_OTHER, HTML_VOID},
    {"html", HTML_LINE, HTML_OTHER, 0},
    {"i", HTML_NO_GAP, HTML_OTHER, 0},
    {"iframe", HTML_NO_GAP, HTML_OTHER, HTML_RAW},
    {"img", HTML_NO_GAP, HTML_IMAGE, HTML_VOID},
    {"input", HTML_BLANK, HTML_OTHER, HTML_VOID},
    {"label", HTML_NO_GAP, HTML_OTHER, 0},
    {"li", HTML_LINE, HTML_OTHER, HTML_SELF_ENDING},
    {"link", HTML_NO_GAP, HTML_SHEET, HTML_VOID},
    {"main", HTML_LINE, HTML_OTHER, 0},
    {"meta", HTML_NO_GAP, HTML_OTHER, HTML_VOID},
    {"nav", HTML_LINE, HTML_OTHER, 0},
    {"noembed", HTML_NO_GAP, HTML_OTHER, HTML_RAW},
    {"noframes", HTML_NO_GAP, HTML_OTHER, HTML_RAW},
    {"o:p", HTML_NO_GAP, HTML_OTHER, 0},
    {"ol", HTML_LINE, HTML_OTHER, HTML_CONTAINER},
    {"option", HTML_LINE, HTML_OTHER, HTML_SELF_ENDING},
    {"p", HTML_LINE, HTML_OTHER, HTML_SELF_ENDING},
    {"param", HTML_NO_GAP, HTML_OTHER, HTML_VOID},
    {"pre", HTML_LINE, HTML_OTHER, 0},
    {"s", HTML_NO_GAP, HTML_OTHER, 0},
    {"script", HTML_NO_GAP, HTML_SCRIPT, HTML_RAW},
    {"section", HTML_LINE, HTML_OTHER, 0},
    {"select", HTML_BLANK, HTML_OTHER, HTML_CONTAINER},
    {"small", HTML_NO_GAP, HTML_OTHER, 0},
    {"source", HTML_NO_GAP, HTML_OTHER, HTML_VOID},
    {"span", HTML_NO_GAP, HTML_OTHER, 0},
    {"strong", HTML_NO_GAP, HTML_OTHER, 0},
    {"style", HTML_NO_GAP, HTML_SHEET, HTML_RAW},
    {"sub", HTML_NO_GAP, HTML_OTHER, 0},
    {"sup", HTML_NO_GAP, HTML_OTHER, 0},
    {"table", HTML_LINE, HTML_OTHER, HTML_CONTAINER | HTML_SCOPE},
    {"tbody", HTML_LINE, HTML_OTHER, 0},
    {"td", HTML_BLANK, HTML_OTHER, HTML_SELF_ENDING},
    {"textarea", HTML_LINE, HTML_OTHER, 0},
    {"tfoot", HTML_LINE, HTML_OTHER, 0},
    {"th", HTML_BLANK, HTML_OTHER, HTML_SELF_ENDING},
    {"thead", HTML_LINE, HTML_OTHER, 0},
    {"title", HTML_NO_GAP, HTML_OTHER, HTML_RAW},
    {"tr", HTML_LINE, HTML_OTHER, HTML_SELF_ENDING},
    {"tt", HTML_NO_GAP, HTML_OTHER, 0},
    {"u", HTML_NO_GAP, HTML_OTHER, 0},
    {"ul", HTML_LINE, HTML_OTHER, HTML_CONTAINER},
    {"wbr", HTML_NO_GAP, HTML_OTHER, HTML_VOID},
};

const struct html_element html_unknown_element = {"", HTML_NO_GAP, HTML_OTHER, 0};

static int compare(const void *key, const void *element)
{
    return strcmp(key, ((const struct html_element *)element)->name);
}

const struct html_element *html_element_find(const char *name)
{
    const struct html_element *hit =
        bsearch(name, elements, sizeof elements / sizeof *elements, sizeof *elements, compare);
    return hit ? hit : &html_unknown_element;
}
