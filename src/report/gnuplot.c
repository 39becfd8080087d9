/* gnuplot.c - gnuplot as a child process, and what it draws as a part of a page. */
#include "report/view.h"
#include "core/proc.h"

#include <stdio.h>
#include <string.h>

/* titles_drop - what it calls its elements, which browsers show under the pointer: numbers, or the
 * last text of an axis. */
static void titles_drop(const char *svg, struct str *out)
{
    static const char begin[] = "<title>", end[] = "</title>";
    for (const char *at, *behind; (at = strstr(svg, begin)) && (behind = strstr(at, end));
         svg = behind + strlen(end))
        str_catn(out, svg, (size_t)(at - svg));
    str_cat(out, svg);
}

int gnuplot_run(const char *script, const char *terminal, struct str *out, struct err *e)
{
    const char *const argv[] = {"gnuplot", "-", NULL};
    struct proc_result r = {.status = -1, .out = STR_INIT, .errout = STR_INIT};
    struct str all = STR_INIT;
    str_addf(&all,
             "set encoding utf8\nset terminal %s\nset pointintervalbox 0\nset border 3\nset tics "
             "nomirror out\nset grid ytics lc rgb \"#a0a0a0\" dt 3\n"
             "set key outside top left Left reverse horizontal maxcols 2 samplen 2\n%s",
             terminal, script);
    int rc = str_check(&all, e);
    if (!rc)
        rc = proc_run(&r, argv, all.s, all.len, NULL, NULL, e);
    if (!rc && r.status)
        rc = err_set(e, ERR_CHILD, "gnuplot: %s", proc_last_line(&r));
    if (!rc && str_starts(terminal, "svg"))
        titles_drop(r.out.s, out);
    else if (!rc)
        str_catn(out, r.out.s, r.out.len);
    if (!rc)
        rc = str_check(out, e);
    proc_result_release(&r);
    str_release(&all);
    return rc;
}

void gnuplot_inline(const struct str *svg, const struct figure *f, struct str *out)
{
    const char *s = strstr(svg->s, "<g id=\"gnuplot_canvas\""),
               *defs = s ? strstr(s, "<rect ") : NULL;
    double w = 0, h = 0;
    const char *box = strstr(svg->s, "viewBox=\"0 0 ");
    if (!s || !defs || !box || sscanf(box, "viewBox=\"0 0 %lf %lf", &w, &h) != 2)
        return;
    str_addf(out,
             "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-labelledby=\"%s-title %s-what\" "
             "xmlns=\"http://www.w3.org/2000/svg\" "
             "xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n",
             w, h, f->name, f->name);
    str_addf(out, "<title id=\"%s-title\">%s</title>\n<desc id=\"%s-what\">", f->name, f->title,
             f->name);
    html_text(out, f->caption.s);
    str_cat(out, " The numbers are in the tables of this page and in results.csv.</desc>\n");
    static const char *const black[] = {"\"black\"", "'black'", "\"white\"", "'white'"};
    while (*s) {
        size_t k = 0;
        while (k < 4 && strncmp(s, black[k], strlen(black[k])) != 0)
            k++;
        if (k < 2) {
            str_cat(out, "\"currentColor\"");
            s += strlen(black[k]);
        } else if (k < 4) {
            str_cat(out, "\"transparent\"");
            s += strlen(black[k]);
        } else {
            str_addc(out, *s++);
        }
    }
}
