/* What is known of HTML elements: the white space round them, how they end, what is done with them. */
#ifndef MIME_HTML_ELEMENT_H
#define MIME_HTML_ELEMENT_H

enum { HTML_NAME_MOST = 15 };

enum html_gap { HTML_NO_GAP, HTML_BLANK, HTML_LINE };

enum html_kind { HTML_OTHER, HTML_ANCHOR, HTML_AREA, HTML_FORM, HTML_IMAGE, HTML_SCRIPT, HTML_SHEET };

enum html_trait {
    HTML_VOID = 1 << 0,        /* has no content and no end tag */
    HTML_RAW = 1 << 1,         /* its content is no markup and is not shown */
    HTML_SELF_ENDING = 1 << 2, /* ends by itself when the next of its kind begins */
    HTML_CONTAINER = 1 << 3,   /* keeps such an end away from what is around it */
    HTML_SCOPE = 1 << 4,       /* no end tag inside ends what is around it */
};

struct html_element {
    char name[HTML_NAME_MOST + 1];
    enum html_gap gap;
    enum html_kind kind;
    unsigned traits; /* enum html_trait */
};

extern const struct html_element html_unknown_element;

/* The element of that lower-case name, or html_unknown_element. */
const struct html_element *html_element_find(const char *name);

#endif
