/* SPDX-License-Identifier: BSD-2-Clause */
/* The page of a trace without its data: made of html/ by cmake/embed.cmake. */
#ifndef REPORT_HTML_PAGE_H
#define REPORT_HTML_PAGE_H

/* With a terminating zero, and a slot each for HTML_TITLE, HTML_TERMINAL and HTML_DATA, in that order. */
extern const char html_page[];

#define HTML_TITLE "@@TITLE@@"
#define HTML_TERMINAL "@@TERMINAL@@"
#define HTML_DATA "@@DATA@@"

#endif
