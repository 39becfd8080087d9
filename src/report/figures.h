/* figures.h - what the scripts of figures are made from. Inside report's figure*.c only. */
#ifndef W2S_REPORT_FIGURES_H
#define W2S_REPORT_FIGURES_H

#include "report/view.h"

/* A line of a figure over student sizes: one supervisor, one method. Supervisor and method by their
 * place among the distinct ones give it its colour, shape and dashes. */
struct line {
    const char *supervisor, *method;
    size_t of_supervisor, of_method;
};

/* What the scripts are made from. */
struct sheet {
    const struct doc *results;
    struct line *lines;
    size_t n;
};

bool line_is(const struct doc *pair, const struct line *l);
/* line_colour - by supervisor; line_point - by method; where colours come again, by another shape.
 * line_first - whether it is the first line of its supervisor. line_title - for a legend, quoted.
 */
const char *line_colour(const struct line *l);
int line_point(const struct line *l);
bool line_first(const struct sheet *s, size_t i);
void line_title(const struct doc *results, const struct line *l, struct str *out);
/* figure_colour, figure_point - the k-th of what is told apart by colour and by shape. */
const char *figure_colour(size_t k);
int figure_point(size_t k);
#define FIGURE_GREY "#808080" /* of ceilings */

/* pair_drawn - whether a pair belongs into figures: not a control, not failed. */
bool pair_drawn(const struct doc *pair);
/* est_barred - an estimate without bounds is drawn as a point alone: its bar has no length. */
struct est est_barred(struct est x);
/* script_point - "x value lo hi", nothing where it is undefined. script_quoted - a gnuplot string
 * in double quotes. */
void script_point(struct str *out, double x, struct est y);
void script_quoted(struct str *out, const char *s);
/* legend_height - pixels of a legend of n entries in two columns. */
int legend_height(size_t n);

/* Panels, two in a row, the first row at the top, one legend below them. panels_begin - of so many
 * and a legend of so many entries; panel_place - the next one, under a title; panels_legend - the
 * plots that follow have nothing but a legend; panels_end. */
struct panels {
    size_t at;
    int height, legend; /* of the whole figure, in pixels */
};
void panels_begin(struct panels *p, size_t n, size_t entries, struct str *out);
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
