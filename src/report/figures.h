/* figures.h - what the scripts of figures are made from. Inside report's figure*.c only. */
#ifndef W2S_REPORT_FIGURES_H
#define W2S_REPORT_FIGURES_H

#include "report/view.h"

/* How a line is drawn. */
struct look {
    const char *colour;
    int point, dash; /* gnuplot's numbers of a shape and of dashes */
};

/* figure_look - of the k-th of what is told apart. No two of 90 have one colour and one shape, no
 * two of 360 have one colour, one shape and the same dashes. None is dotted, as supervisors are. */
struct look figure_look(size_t k);

/* A line of a figure over student sizes: one supervisor, one method, by their place among the
 * distinct ones. */
struct line {
    const char *supervisor, *method;
    size_t of_supervisor, of_method;
    struct look look; /* no other line's; the colour is its supervisor's where there are several */
};

/* What the scripts are made from. */
struct sheet {
    const struct doc *results;
    struct line *lines;
    size_t n;
};

bool line_is(const struct doc *pair, const struct line *l);
/* line_first - whether it is the first line of its supervisor. line_title - for a legend, quoted.
 */
bool line_first(const struct sheet *s, size_t i);
void line_title(const struct doc *results, const struct line *l, struct str *out);
/* supervisor_look - of a line's supervisor, "dt .. lc rgb ..", appended: dots, no other
 * supervisor's. */
void supervisor_look(const struct line *l, struct str *out);
#define FIGURE_GREY "#808080" /* of ceilings */

/* pair_drawn - whether a pair belongs into figures: not a control, not failed. */
bool pair_drawn(const struct doc *pair);
/* est_barred - an estimate without bounds is drawn as a point alone: its bar has no length. */
struct est est_barred(struct est x);
/* script_point - "x value lo hi", nothing where it is undefined. script_quoted - a gnuplot string
 * in double quotes. */
void script_point(struct str *out, double x, struct est y);
void script_quoted(struct str *out, const char *s);
/* script_wrapped - the same in lines of `width` characters, a longer word cut; how many lines. */
size_t script_wrapped(struct str *out, const char *s, size_t width);
/* script_cut - where the interval of a value at x reaches beyond [lo, hi], "x y dx dy colour" of an
 * arrow up to that edge; across: values lie to the right. How many arrows. script_arrows - plots a
 * block of such; script_arrow_named - what they mean, for the legend. */
struct range {
    double lo, hi;
};
size_t script_cut(struct str *out, double x, struct est y, struct range r, bool across,
                  const char *colour);
void script_arrows(struct str *out, const char *block);
void script_arrow_named(struct str *out);
/* legend_height - pixels of a legend of n entries in so many columns. */
int legend_height(size_t n, int columns);
#define LEGEND_COLUMNS 2  /* at most */
#define LEGEND_WIDE    28 /* characters of an entry, beyond which there is one column */

/* Panels, two in a row, the first row at the top, one legend below them. panels_begin - of so many
 * and a legend of so many entries more than there are lines; panel_place - the next one, under a
 * title; panels_legend - the plots that follow have nothing but a legend; panels_end. */
struct panels {
    size_t at;
    int height, legend; /* of the whole figure, in pixels */
    int columns;        /* of the legend */
};
void panels_begin(struct panels *p, const struct sheet *s, size_t n, size_t more, struct str *out);
void panel_place(struct panels *p, const char *title, struct str *out);
void panels_legend(const struct panels *p, struct str *out);
void panels_end(struct str *out);

/* The figures' scripts: false where there is nothing to draw; may add to the caption; height in
 * pixels, of a width of 760. */
typedef bool figure_script(const struct sheet *s, struct str *out, struct str *caption,
                           int *height);
figure_script script_accuracy, script_pgr; /* figure_sizes.c */
figure_script script_curves;               /* figure_curves.c */
figure_script script_agreement;            /* figure_agreement.c */
figure_script script_best_of;              /* figure_best_of.c */
figure_script script_layers;               /* figure_layers.c */

#endif
