/*
 * os/library.h -- shared libraries that are loaded when they are first needed, so that a program that never
 * asks for them starts without them.
 */
#ifndef CD_OS_LIBRARY_H
#define CD_OS_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* Loads `soname` and fills `functions` with the addresses of `names`. False: the library or one of them is
 * missing; the reason goes to the log. The library stays loaded. Call it through pthread_once. */
bool cd_library_load(const char *soname, const char *const *names, void **functions, size_t n);

#endif
