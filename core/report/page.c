/* page.c - what all pages have: their style, head and foot, and tables.
 * Nothing is fetched: no scripts, no fonts, no pictures.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "report/markup.h"

static const char style[] =
    ":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#556070;"
    "--line:#d9dee5;--head:#eef1f5;--good:#17663a;--goodbg:#dff3e6;--bad:#9b1c1c;--badbg:#fde4e4;"
    "--warn:#7a4b00;--warnbg:#fdf0d2;--calm:#33506e;--calmbg:#e3edf8;--accent:#1f5fae}"
    "@media(prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1a2028;--ink:#e4e9f0;"
    "--soft:#a3afbd;--line:#303945;--head:#222a34;--good:#8fe0ac;--goodbg:#15382a;--bad:#ffb0b0;"
    "--badbg:#461c1f;--warn:#f5cf83;--warnbg:#41310f;--calm:#b3cdea;--calmbg:#1f3247;"
    "--accent:#86b7f5}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--bg);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif}"
    "main{max-width:76rem;margin:0 auto;padding:2rem 1.25rem 3rem}"
    "h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}"
    "h2{font-size:1.2rem;margin:2.25rem 0 .75rem}"
    "p{margin:.25rem 0}.soft{color:var(--soft)}"
    ".lead{font-size:1.1rem;margin-top:.75rem}"
    ".brand{letter-spacing:.08em;text-transform:uppercase;font-size:.8rem;color:var(--soft)}"
    ".tiles{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.5rem 0 0;padding:0;list-style:none}"
    ".tiles li{background:var(--card);border:1px solid var(--line);border-radius:.6rem;"
    "padding:.7rem 1.1rem;min-width:7.5rem}"
    ".tiles b{display:block;font-size:1.7rem;line-height:1.2;font-variant-numeric:tabular-nums}"
    ".box{background:var(--card);border:1px solid var(--line);border-radius:.6rem;overflow-x:auto}"
    "table{border-collapse:collapse;width:100%}"
    "caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    "th,td{text-align:left;vertical-align:top;padding:.55rem .85rem;border-top:1px solid "
    "var(--line);unicode-bidi:isolate}"
    "thead th{background:var(--head);border-top:0;font-size:.85rem;color:var(--soft);"
    "white-space:nowrap}tbody th{font-weight:600}"
    "small{display:block;color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}"
    ".v{font-family:ui-monospace,\"DejaVu Sans Mono\",Menlo,monospace;font-size:.9rem;"
    "overflow-wrap:anywhere;min-width:11rem}th small{font-weight:400}"
    ".state{display:inline-block;border-radius:1rem;padding:.1rem .7rem;font-size:.9rem;"
    "font-weight:600;white-space:nowrap}"
    ".good{color:var(--good);background:var(--goodbg)}.bad{color:var(--bad);background:var(--badbg)}"
    ".warn{color:var(--warn);background:var(--warnbg)}.calm{color:var(--calm);"
    "background:var(--calmbg)}"
    ".trouble{border-left:.3rem solid var(--bad);padding:.8rem 1.1rem;margin:.75rem 0;"
    "background:var(--card);border-radius:.4rem;overflow-wrap:anywhere}"
    "details{margin:.5rem 0}summary{cursor:pointer;padding:.35rem 0;color:var(--accent)}"
    "summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}"
    "pre{margin:.3rem 0;padding:.7rem;background:var(--head);border-radius:.4rem;overflow-x:auto;"
    "font-size:.85rem;white-space:pre-wrap;overflow-wrap:anywhere}"
    "footer{margin-top:2.5rem;color:var(--soft);font-size:.85rem}"
    "@media print{body{background:#fff;color:#000}.box{overflow:visible}main{padding:0}}";

void
fettle_html_begin (struct fettle_markup *m, const char *title)
{
  fettle_markup_raw (m, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n<title>Fettle: ");
  fettle_markup_text (m, title);
  fettle_markup_raw (m, "</title>\n<style>");
  fettle_markup_raw (m, style);
  fettle_markup_raw (m, "</style>\n</head>\n<body>\n<main>\n<p class=\"brand\">Fettle</p>\n<h1>");
  fettle_markup_text (m, title);
  fettle_markup_raw (m, "</h1>\n");
}

void
fettle_html_end (struct fettle_markup *m, const char *note)
{
  fettle_markup_raw (m, "<footer>Fettle " PACKAGE_VERSION);
  fettle_markup_raw (m, note);
  fettle_markup_raw (m, "</footer>\n</main>\n</body>\n</html>\n");
}

/* ---- tables ---- */

void
fettle_html_table (struct fettle_markup *m, const char *caption, const char *const *columns, size_t n)
{
  fettle_markup_raw (m, "<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"");
  fettle_markup_text (m, caption);
  fettle_markup_raw (m, "\"><table><caption>");
  fettle_markup_text (m, caption);
  fettle_markup_raw (m, "</caption>\n<thead><tr>");
  for (size_t i = 0; i < n; i++) {
    fettle_markup_raw (m, "<th scope=\"col\">");
    fettle_markup_text (m, columns[i]);
    fettle_markup_raw (m, "</th>");
  }
  fettle_markup_raw (m, "</tr></thead>\n<tbody>\n");
}

void
fettle_html_table_end (struct fettle_markup *m)
{
  fettle_markup_raw (m, "</tbody></table></div>\n");
}
