/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planted faults: what measures the tests and the fuzzer. PLANTED(7, right, wrong) is RIGHT, and nothing else, in
 * every build that anybody runs. Where REBLOCK_PLANTED is defined (cmake/planted.cmake) it is WRONG while
 * reblock_planted is 7. fuzz/planted.table says in words what each number makes wrong.
 */
#ifndef PLANTED_H
#define PLANTED_H

#include <stdbool.h> /* many a fault is a condition left out */

#ifdef REBLOCK_PLANTED
extern int reblock_planted; /* 0: none */
#define PLANTED(number, right, wrong) (reblock_planted == (number) ? (wrong) : (right))
#else
#define PLANTED(number, right, wrong) (right)
#endif

#endif
